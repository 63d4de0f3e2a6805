"""A CT volume from DICOM headers and the files behind them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydicom.dataset import FileDataset

from nodulescope.bundles.contracts import CTSource, CTVolume
from nodulescope.bundles.errors import InputError
from nodulescope.bundles.preprocessing.analysable_ct import require_hounsfield_units, require_volume
from nodulescope.operators.dicom.files import read_headers
from nodulescope.operators.dicom.pixels import read_hounsfield
from nodulescope.operators.dicom.series_choice import choose_series


def read_dicom_folder(folder: Path, where: str, series_uid: str | None) -> CTVolume:
    """Read the best, or the given, CT series under a folder.

    Args:
        folder: searched recursively.
        where: what the user named: the folder, or the zip that it was unpacked from.
        series_uid: the series to read, or None.

    Raises:
        InputError: no DICOM file, or one of the rules of :mod:`nodulescope.operators.dicom` is broken.
    """
    headers = read_headers(folder)
    if not headers:
        raise InputError(f"{where}: holds no DICOM file; name the folder of a chest CT")
    return read_dicom_headers(headers, where, series_uid)


def read_dicom_headers(headers: Sequence[FileDataset], where: str, series_uid: str | None) -> CTVolume:
    """Read the best, or the given, CT series of some DICOM files.

    Args:
        headers: headers without pixels that know their files.
        where: what the user named.
        series_uid: the series to read, or None.
    """
    chosen = choose_series(headers, where, series_uid)
    slices = chosen.stack.slices
    require_volume((*slices[0].size, len(slices)), where)
    hu, padding, warnings = read_hounsfield(slices)
    first = slices[0].header
    instances = tuple({str(one.header.SOPInstanceUID): one.header for one in slices}.values())
    source = CTSource(
        kind="dicom",
        path=where,
        study_instance_uid=str(first.get("StudyInstanceUID", "")),
        series_instance_uid=str(first.SeriesInstanceUID),
        selection_reason=chosen.reason,
        warnings=chosen.warnings + warnings,
        instances=instances,
    )
    ct = CTVolume(hu, chosen.stack.affine_lps, source, padding)
    require_hounsfield_units(ct.hu, ct.padding, where)
    return ct
