"""One function for every kind of input."""

from __future__ import annotations

import zipfile
from pathlib import Path

from nodulescope.bundles.contracts import CTVolume
from nodulescope.bundles.errors import InputError
from nodulescope.bundles.preprocessing.research_formats import FORMATS, read_research_ct, research_format
from nodulescope.operators.dicom.files import read_header
from nodulescope.operators.reading.dicom_ct import read_dicom_folder, read_dicom_headers
from nodulescope.operators.reading.zipped_dicom import read_zipped_dicom


def read_ct(path: Path, *, series_uid: str | None = None) -> CTVolume:
    """Read a chest CT in Hounsfield units.

    Args:
        path: a folder of DICOM files (searched recursively, whatever their names), one enhanced multi-frame DICOM file, a zip of DICOM
            files, or a NIfTI, MetaImage or NRRD file.
        series_uid: DICOM only: the series to read; None chooses by the ranking of
            :mod:`nodulescope.operators.dicom.series_choice`.

    Returns:
        The CT on its own grid, in LPS mm; padding replaced and marked; provenance filled in.

    Raises:
        InputError: in one line, which file broke which rule.
    """
    if path.is_dir():
        return read_dicom_folder(path, str(path), series_uid)
    if not path.is_file():
        raise InputError(f"{path}: there is no such file or folder; check the path")
    if research_format(path) is not None:
        if series_uid is not None:
            raise InputError(f"{path}: a series UID was asked for, but this format holds no series; leave it out")
        return read_research_ct(path)
    if zipfile.is_zipfile(path):
        return read_zipped_dicom(path, series_uid)
    header = read_header(path)
    if header is None:
        formats = ", ".join(FORMATS)
        raise InputError(f"{path}: not a CT in a known format; give a folder or zip of DICOM files, an enhanced DICOM file, or {formats}")
    return read_dicom_headers([header], str(path), series_uid)
