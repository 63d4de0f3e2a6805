"""DICOM in a zip, unpacked with suspicion: archives come from outside."""

from __future__ import annotations

import tempfile
import zipfile
import zlib
from dataclasses import replace
from pathlib import Path, PurePosixPath

from nodulescope.bundles.contracts import CTVolume
from nodulescope.bundles.errors import InputError
from nodulescope.operators.dicom.ct_slice import file_of
from nodulescope.operators.dicom.pixels import Progress
from nodulescope.operators.dicom.studies import OlderStudy
from nodulescope.operators.reading.dicom_ct import read_dicom_folder

MAXIMUM_UNPACKED_BYTES = 8 * 2**30
"""A whole study of five series with 3000 uncompressed 512x512 slices each takes 7.9 GB; a larger archive is a mistake or an attack."""

MAXIMUM_FILES = 50_000
"""More files than any study has slices."""

_CHUNK_BYTES = 1 << 20


def read_zipped_dicom(path: Path, series_uid: str | None, progress: Progress | None = None) -> tuple[CTVolume, tuple[OlderStudy, ...]]:
    """Read a CT series from a zip of DICOM files.

    The files are unpacked into a temporary directory that is gone afterwards; the headers in ``CTSource.instances`` then name their
    place in the archive.

    Args:
        path: the archive.
        series_uid: the series to read, or None.
        progress: called after every decoded slice with the number of decoded slices and of all slices.

    Returns:
        The CT, and the older studies of the same patient in the archive.

    Raises:
        InputError: a damaged, encrypted, oversized or hostile archive, or whatever a folder of DICOM files is refused for.
    """
    with tempfile.TemporaryDirectory(prefix="nodulescope-zip-") as temporary:
        folder = Path(temporary)
        _unpack(path, folder)
        try:
            ct, priors = read_dicom_folder(folder, str(path), series_uid, progress)
        except InputError as error:
            raise InputError(str(error).replace(temporary, str(path))) from error
        for header in ct.source.instances:
            header.filename = str(file_of(header)).replace(temporary, str(path))
        warnings = tuple(warning.replace(temporary, str(path)) for warning in ct.source.warnings)
        return replace(ct, source=replace(ct.source, warnings=warnings)), priors


def _unpack(path: Path, folder: Path) -> None:
    """Write every file of an archive below a folder, and nowhere else."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = [m for m in archive.infolist() if not m.is_dir()]
            if len(members) > MAXIMUM_FILES:
                raise InputError(f"{path}: holds more than {MAXIMUM_FILES} files; zip one study only")
            left = MAXIMUM_UNPACKED_BYTES
            for member in members:
                target = folder / _safe_name(member.filename, path)
                target.parent.mkdir(parents=True, exist_ok=True)
                left = _copy(archive, member, target, left, path)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        # RuntimeError stands for an encrypted archive, OSError for a full disk.
        reason = "damaged, encrypted or larger than the temporary disk"
        raise InputError(f"{path}: the archive is {reason}; unpack it and name the folder") from error


def _safe_name(name: str, path: Path) -> PurePosixPath:
    """A member's name as a path that stays below the folder it is joined to."""
    relative = PurePosixPath(name.replace("\\", "/"))
    if relative.is_absolute() or ".." in relative.parts or ":" in name or not relative.parts:
        raise InputError(f"{path}: the archive names a file outside itself; do not trust it")
    return relative


def _copy(archive: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path, left: int, path: Path) -> int:
    """Unpack one file and return how many bytes may still follow. What the archive claims about sizes is not believed: bytes are
    counted.
    """
    with archive.open(member) as packed, target.open("wb") as unpacked:
        while chunk := packed.read(_CHUNK_BYTES):
            left -= len(chunk)
            if left < 0:
                raise InputError(f"{path}: unpacks to more than {MAXIMUM_UNPACKED_BYTES >> 30} GiB; zip one study only")
            unpacked.write(chunk)
    return left
