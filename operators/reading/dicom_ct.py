"""A CT volume from DICOM headers and the files behind them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydicom.dataset import FileDataset

from nodulescope.bundles.contracts import CTSource, CTVolume
from nodulescope.bundles.errors import InputError
from nodulescope.bundles.preprocessing.analysable_ct import require_hounsfield_units, require_volume
from nodulescope.operators.dicom.files import read_headers
from nodulescope.operators.dicom.gantry_tilt import straighten
from nodulescope.operators.dicom.pixels import Progress, read_hounsfield
from nodulescope.operators.dicom.series_choice import choose_series
from nodulescope.operators.dicom.studies import OlderStudy
from nodulescope.operators.reading.input_warnings import dicom_warnings


def read_dicom_folder(
    folder: Path, where: str, series_uid: str | None, progress: Progress | None = None
) -> tuple[CTVolume, tuple[OlderStudy, ...]]:
    """Read the best, or the given, CT series under a folder.

    Args:
        folder: searched recursively.
        where: what the user named: the folder, or the zip that it was unpacked from.
        series_uid: the series to read, or None.
        progress: called after every decoded slice with the number of decoded slices and of all slices.

    Returns:
        The CT, and the older studies of the same patient in the folder.

    Raises:
        InputError: no DICOM file, or one of the rules of :mod:`nodulescope.operators.dicom` is broken.
    """
    headers = read_headers(folder)
    if not headers:
        raise InputError(f"{where}: holds no DICOM file; name the folder of a chest CT")
    return read_dicom_headers(headers, where, series_uid, progress)


def read_dicom_headers(
    headers: Sequence[FileDataset], where: str, series_uid: str | None, progress: Progress | None = None
) -> tuple[CTVolume, tuple[OlderStudy, ...]]:
    """Read the best, or the given, CT series of some DICOM files.

    Args:
        headers: headers without pixels that know their files.
        where: what the user named.
        series_uid: the series to read, or None.
        progress: see :func:`read_dicom_folder`.

    Returns:
        See :func:`read_dicom_folder`.
    """
    chosen = choose_series(headers, where, series_uid)
    stack = chosen.stack
    require_volume((*stack.size, len(stack.slices)), where)
    hu, padding, pixel_warnings = read_hounsfield(stack.slices, progress)
    require_hounsfield_units(hu, padding, where)
    hu, padding = straighten(hu, padding, stack)
    first = stack.slices[0].header
    source = CTSource(
        kind="dicom",
        path=where,
        study_instance_uid=str(first.get("StudyInstanceUID", "")),
        series_instance_uid=str(first.SeriesInstanceUID),
        selection_reason=chosen.reason,
        warnings=chosen.warnings + dicom_warnings(stack, hu) + pixel_warnings,
        instances=tuple({str(one.header.SOPInstanceUID): one.header for one in stack.slices}.values()),
    )
    return CTVolume(hu, stack.affine_lps, source, padding), chosen.priors
