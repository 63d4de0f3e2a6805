"""DICOM files under a folder, by content and not by name; no DICOMDIR is needed."""

from __future__ import annotations

import os
from pathlib import Path

from pydicom import dcmread
from pydicom.dataset import FileDataset
from pydicom.uid import MediaStorageDirectoryStorage

from nodulescope.bundles.errors import InputError

DICOM_ENDINGS = (".dcm", ".dicom", ".ima")
"""Endings that promise DICOM: such a file is read even without the preamble of PS3.10 section 7.1, and is damaged if that fails."""

_PREAMBLE_BYTES = 128
_PREFIX = b"DICM"


def read_headers(folder: Path) -> list[FileDataset]:
    """Read every DICOM header under a folder, however deep, whatever the files are called.

    Args:
        folder: searched recursively; links to folders are not followed.

    Returns:
        Headers without pixel data, sorted by path. Each knows its file as ``filename``. Directory records (DICOMDIR) are left out.

    Raises:
        InputError: a DICOM file is damaged: its slice would otherwise be lost unnoticed.
    """
    headers = []
    for parent, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = Path(parent, name)
            if path.is_file():  # neither a broken link nor a pipe
                header = read_header(path)
                if header is not None:
                    headers.append(header)
    return headers


def read_header(path: Path) -> FileDataset | None:
    """Read one file's header without its pixel data.

    Returns:
        The header; None when the file is no DICOM image or document (another format, or a DICOMDIR).

    Raises:
        InputError: the file is DICOM and damaged, or cannot be opened.
    """
    try:
        with path.open("rb") as file:
            has_prefix = file.read(_PREAMBLE_BYTES + len(_PREFIX))[_PREAMBLE_BYTES:] == _PREFIX
    except OSError as error:
        raise InputError(f"{path}: cannot be opened ({error.strerror}); check that it exists and may be read") from error
    if not has_prefix and not path.name.lower().endswith(DICOM_ENDINGS):
        return None
    try:
        header = dcmread(path, stop_before_pixels=True, force=not has_prefix)
    except Exception as error:  # damaged files raise anything from EOFError to zlib.error
        raise InputError(f"{path}: damaged DICOM file; copy or export it again, or remove it") from error
    if header.file_meta.get("MediaStorageSOPClassUID") == MediaStorageDirectoryStorage:
        return None
    if "SOPClassUID" not in header or "SeriesInstanceUID" not in header:
        raise InputError(f"{path}: damaged DICOM file (it ends within its header); copy or export it again, or remove it")
    return header
