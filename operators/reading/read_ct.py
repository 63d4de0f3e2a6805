"""One function for every kind of input."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass, replace
from pathlib import Path

from nodulescope.bundles.contracts import CTVolume
from nodulescope.bundles.errors import InputError
from nodulescope.bundles.preprocessing.research_formats import FORMATS, read_research_ct, research_format
from nodulescope.operators.dicom.files import read_header
from nodulescope.operators.dicom.pixels import Progress
from nodulescope.operators.dicom.studies import OlderStudy
from nodulescope.operators.reading.dicom_ct import read_dicom_folder, read_dicom_headers
from nodulescope.operators.reading.input_warnings import research_warnings
from nodulescope.operators.reading.zipped_dicom import read_zipped_dicom


@dataclass(frozen=True)
class ReadStudy:
    """What a folder holds for one patient.

    Attributes:
        ct: the CT to analyse.
        priors: older CT studies of the same patient, the newest first; none in a format without studies.
    """

    ct: CTVolume
    priors: tuple[OlderStudy, ...] = ()


def read_ct(path: Path, *, series_uid: str | None = None, progress: Progress | None = None) -> CTVolume:
    """Read a chest CT in Hounsfield units.

    Args:
        path: a folder of DICOM files (searched recursively, whatever their names), one enhanced multi-frame DICOM file, a zip of DICOM
            files, or a NIfTI, MetaImage or NRRD file.
        series_uid: DICOM only: the series to read; None chooses by the ranking of
            :mod:`nodulescope.operators.dicom.series_ranking`.
        progress: DICOM only: called after every decoded slice with the number of decoded slices and of all slices.

    Returns:
        The CT on its own grid, in LPS mm; padding replaced and marked; the slices of a tilted gantry on an upright grid; provenance
        filled in, with a warning for whatever makes the result less certain.

    Raises:
        InputError: in one line, which file broke which rule.
    """
    return read_study(path, series_uid=series_uid, progress=progress).ct


def read_study(path: Path, *, series_uid: str | None = None, progress: Progress | None = None) -> ReadStudy:
    """Read a chest CT as :func:`read_ct` does, and say which older studies of the patient lie beside it."""
    if not path.is_dir() and not path.is_file():
        raise InputError(f"{path}: there is no such file or folder; check the path")
    if path.is_dir():
        return ReadStudy(*read_dicom_folder(path, str(path), series_uid, progress))
    if research_format(path) is not None:
        if series_uid is not None:
            raise InputError(f"{path}: a series UID was asked for, but this format holds no series; leave it out")
        ct = read_research_ct(path)
        return ReadStudy(replace(ct, source=replace(ct.source, warnings=ct.source.warnings + research_warnings(ct))))
    if zipfile.is_zipfile(path):
        return ReadStudy(*read_zipped_dicom(path, series_uid, progress))
    header = read_header(path)
    if header is None:
        formats = ", ".join(FORMATS)
        raise InputError(f"{path}: not a CT in a known format; give a folder or zip of DICOM files, an enhanced DICOM file, or {formats}")
    return ReadStudy(*read_dicom_headers([header], str(path), series_uid, progress))
