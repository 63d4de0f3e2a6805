"""DICOM series as files that MONAI Label can serve: it lists images by their endings and knows no folders."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import nibabel
import numpy as np

from nodulescope.apps.nodule_label.state_folder import NAME
from nodulescope.bundles.contracts import CTVolume
from nodulescope.bundles.coordinates import swap_ras_lps
from nodulescope.bundles.data.lidc.series import SliceHeader, read_series, read_slice_header, stack_slices
from nodulescope.bundles.errors import InputError
from nodulescope.bundles.preprocessing.research_formats import research_format

logger = logging.getLogger(__name__)

_NO_STUDIES = {NAME, "labels"}
"""Folders in that of the studies that hold something else."""


def read_one_series(folder: Path) -> CTVolume:
    """Read the CT series of a folder.

    Raises:
        InputError: it holds no CT series or several, or the series is broken.
    """
    series = _series_below(folder)
    if len(series) != 1:
        raise InputError(f"{folder.name}: holds {len(series)} CT series; name the folder of one")
    return read_series(stack_slices(next(iter(series.values()))))


def convert_series_below(folder: Path) -> Iterator[tuple[str, str]]:
    """Write every CT series in the folders below as ``SERIES_UID.nii.gz``, unless that file is there already.

    A series that cannot be read is told in the log and left out: the others are served.

    Yields:
        Series Instance UID and Patient ID of each series that is there as a file now.
    """
    for uid, headers in _series_below(folder).items():
        file = folder / f"{uid}.nii.gz"
        try:
            if not file.is_file():
                write_nifti(read_series(stack_slices(headers)), file)
        except InputError as error:
            logger.warning("not served: %s", error)
            continue
        yield uid, headers[0].patient


def write_nifti(ct: CTVolume, file: Path) -> None:
    """Write a CT as whole Hounsfield units, whole or not at all."""
    beside = file.with_name(f".part.{file.name}")  # the ending chooses nibabel's compression, so it must stay
    nibabel.save(nibabel.Nifti1Image(np.rint(ct.hu).astype(np.int16), swap_ras_lps(ct.affine_lps)), beside)
    beside.replace(file)


def _series_below(folder: Path) -> dict[str, list[SliceHeader]]:
    found: dict[str, list[SliceHeader]] = defaultdict(list)
    for file in sorted(folder.rglob("*")):
        if _NO_STUDIES & set(file.relative_to(folder).parts) or not file.is_file() or research_format(file) is not None:
            continue
        try:
            header = read_slice_header(file)
        except InputError as error:
            logger.warning("not served: %s", error)
            continue
        if header is not None:
            found[header.series_uid].append(header)
    return found
