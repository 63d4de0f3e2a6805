"""Stored values of CT slices to Hounsfield units."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.dataset import FileDataset
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import ImplicitVRLittleEndian, JPEGBaseline8Bit, JPEGExtended12Bit, JPEGLSNearLossless

from nodulescope.bundles.errors import InputError
from nodulescope.bundles.preprocessing.analysable_ct import replace_padding
from nodulescope.operators.dicom.ct_slice import CTSlice

PREFERRED_DECODER = "pyjpegls"
"""For JPEG-LS: 133 slices of 512x512 take 1.3 s with it and 4.0 s with pylibjpeg on one core. Threads win nothing: the decoders hold
Python's lock."""

MEASURABLE_HU = (-900.0, 3071.0)
"""Lung to the ceiling of 12-bit CT. A padding value declared within it is a mistake of the exporter: honoured, it would erase tissue."""

LOSSY_SYNTAXES = (JPEGBaseline8Bit, JPEGExtended12Bit, JPEGLSNearLossless)
"""Compressions that lose something whether or not Lossy Image Compression says so; JPEG 2000 may or may not."""

LOSSY = "The images were compressed with loss: small and faint nodules may have changed."
PADDING_IN_TISSUE = "The declared padding value lies within the range of tissue and was ignored."

Progress = Callable[[int, int], None]
"""Called with how many of how many slices are decoded."""


def read_hounsfield(
    slices: Sequence[CTSlice], progress: Progress | None = None
) -> tuple[NDArray[np.float32], NDArray[np.bool_] | None, tuple[str, ...]]:
    """Decode slices and rescale each by its own slope and intercept.

    Args:
        slices: sorted slices of one size, ``k = 0`` first.
        progress: called after every slice with the number of decoded slices and of all slices.

    Returns:
        Hounsfield units of shape (columns, rows, slices) with padding replaced by ``AIR_HU``, the mask of padding (None when there is
        none), and warnings.

    Raises:
        InputError: a file is truncated, damaged or compressed in a way that cannot be decoded.
    """
    columns, rows = slices[0].size
    # Slices lie one behind the other in memory; the transposed view has the axes i, j, k.
    stack = np.empty((len(slices), rows, columns), dtype=np.float32)
    declared = np.zeros(stack.shape, dtype=np.bool_)
    warnings: dict[str, None] = {}
    opened: FileDataset | None = None
    for k, one in enumerate(slices):
        if opened is None or opened.filename != one.header.filename:
            opened = _open(one)
        stored = _decode(opened, one)
        if one.slope == 1.0:  # nearly all CT, and half the time; sums of 16-bit integers are exact
            np.add(stored, np.float32(one.intercept), out=stack[k], casting="same_kind")
        else:
            np.multiply(stored, one.slope, out=stack[k], dtype=np.float64, casting="same_kind")
            stack[k] += np.float32(one.intercept)
        if one.padding is not None:
            if _erases_tissue(one.padding, one):
                warnings[PADDING_IN_TISSUE] = None
            else:
                np.logical_and(stored >= one.padding[0], stored <= one.padding[1], out=declared[k])
        if one.header.get("LossyImageCompression") == "01" or opened.file_meta.get("TransferSyntaxUID") in LOSSY_SYNTAXES:
            warnings[LOSSY] = None
        if progress is not None:
            progress(k + 1, len(slices))
    padding = replace_padding(stack, declared)
    return stack.T, None if padding is None else padding.T, tuple(warnings)


def _erases_tissue(limits: tuple[int, int], one: CTSlice) -> bool:
    """Whether a declared padding range reaches into values that tissue has."""
    low, high = sorted(v * one.slope + one.intercept for v in limits)
    return high > MEASURABLE_HU[0] and low <= MEASURABLE_HU[1]


def _open(one: CTSlice) -> FileDataset:
    """Read a file again, with its pixels this time."""
    try:
        dataset = dcmread(one.path, force=True)
    except Exception as error:  # damaged files raise anything from EOFError to zlib.error
        raise InputError(f"{one.path}: damaged DICOM file; copy or export it again") from error
    if dataset.get("SamplesPerPixel", 1) != 1 or dataset.get("PhotometricInterpretation") != "MONOCHROME2":
        raise InputError(f"{one.path}: a CT image is stored as MONOCHROME2, this one is not; choose the original images")
    if dataset.get("HighBit") != dataset.get("BitsStored", 0) - 1:
        raise InputError(f"{one.path}: its High Bit is not the highest stored bit, which DICOM no longer allows; export it again")
    return dataset


def _decode(dataset: FileDataset, one: CTSlice) -> NDArray[np.integer]:
    """The stored values of one frame, shape (rows, columns); bits above Bits Stored are cleared or sign-extended."""
    syntax = dataset.file_meta.get("TransferSyntaxUID", ImplicitVRLittleEndian)
    try:
        decoder = get_decoder(syntax)
        plugin = PREFERRED_DECODER if PREFERRED_DECODER in decoder.available_plugins else ""
        stored, _ = decoder.as_array(dataset, index=one.frame, raw=True, decoding_plugin=plugin)
    except (NotImplementedError, RuntimeError) as error:
        raise InputError(f"{one.name}: its pixels ({syntax.name}) cannot be decoded: damaged, or no decoder is installed") from error
    except Exception as error:  # decoders raise what they like
        raise InputError(f"{one.name}: its pixel data is truncated or damaged; copy or export it again") from error
    columns, rows = one.size
    if stored.shape != (rows, columns):
        raise InputError(f"{one.name}: its pixel data has another size than its header says; export it again")
    return np.asarray(stored)
