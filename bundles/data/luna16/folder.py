"""Where things lie in a folder that LUNA16's archives were unpacked into."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from nodulescope.bundles.data.luna16.tables import TableRow, read_findings, read_patients
from nodulescope.bundles.errors import InputError

ANNOTATIONS, EXCLUDED, PATIENTS = "annotations.csv", "annotations_excluded.csv", "PatientId_SeriesUID.csv"

LUNGS_FOLDER = "seg-lungs-LUNA16"

SUBSET = re.compile(r"subset(\d)")
"""Name of the folder of one of the ten official subsets."""

SCANS_OF_ONE_PATIENT = {
    "1.3.6.1.4.1.14519.5.2.1.6279.6001.159996104466052855396410079250": "LIDC-IDRI-0332",
    "1.3.6.1.4.1.14519.5.2.1.6279.6001.316900421002460665752357657094": "LIDC-IDRI-0332",
}
"""The only two of the 888 scans that show one patient (PatientID of LIDC-IDRI in The Cancer Imaging Archive); they lie in subsets 6 and 2,
so that the official folds alone do not keep this patient's scans together."""


@dataclass(frozen=True)
class Luna16Scan:
    """One scan as it is published.

    Attributes:
        series: its Series Instance UID, which names its files.
        image: its ``.mhd`` file.
        subset: its official subset, 0 to 9; None where it lies in no subset's folder.
        lungs: its published lung labels, None where they are not there.
    """

    series: str
    image: Path
    subset: int | None
    lungs: Path | None


@dataclass(frozen=True)
class Luna16Folder:
    """What was found.

    Attributes:
        scans: by series.
        annotations: the table of nodules, for messages.
        nodules: its rows by series.
        excluded: findings that count neither way, by series.
        patients: patient of each series, as far as that is known.
    """

    scans: tuple[Luna16Scan, ...]
    annotations: Path
    nodules: Mapping[str, Sequence[TableRow]]
    excluded: Mapping[str, Sequence[TableRow]]
    patients: Mapping[str, str]

    def patient_of(self, series: str) -> str:
        """Whom a scan shows; LUNA16 itself does not say, so without the list of patients the series stands for the patient."""
        return self.patients.get(series) or SCANS_OF_ONE_PATIENT.get(series, series)


def find_luna16(folder: Path, patients: Path | None = None) -> Luna16Folder:
    """Look for scans, lung labels and tables, however deep the archives' own folders lie.

    Args:
        folder: what the archives were unpacked into; part of them is enough.
        patients: table of patients and series (``PatientId_SeriesUID.csv`` of LIDC-IDRI); one inside the folder is found without it.

    Raises:
        InputError: there is no such folder, no scan or no table of findings, a scan is there twice, or a table cannot be read.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: there is no such folder; name the one that LUNA16's archives were unpacked into")
    files = sorted(_walk(folder), key=lambda path: (len(path.parts), path))
    images = [path for path in files if path.suffix == ".mhd"]
    lungs = {path.stem: path for path in images if LUNGS_FOLDER in path.parts}
    scans: dict[str, Luna16Scan] = {}
    for image in images:
        if LUNGS_FOLDER in image.parts:
            continue
        if image.stem in scans:
            raise InputError(f"{image}: the same scan is also {scans[image.stem].image}; keep one of the two")
        scans[image.stem] = Luna16Scan(image.stem, image, _subset_of(image), lungs.get(image.stem))
    if not scans:
        raise InputError(f"{folder}: holds no scan (.mhd); unpack LUNA16's subset0.zip to subset9.zip into it")
    annotations = _table(files, ANNOTATIONS, folder, "it is published beside the subsets")
    excluded = _table(
        files, EXCLUDED, folder, "it is published in LUNA16's evaluationScript.zip, and without it findings would be taught as mistakes"
    )
    listed = patients or next((path for path in files if path.name == PATIENTS), None)
    known = read_patients(listed) if listed is not None else {}
    return Luna16Folder(tuple(scans[series] for series in sorted(scans)), annotations, _by_series(annotations), _by_series(excluded), known)


def _walk(folder: Path) -> Iterator[Path]:
    for parent, _, names in os.walk(folder, followlinks=True):  # subsets are often links to other disks
        yield from (Path(parent) / name for name in names if name.endswith((".mhd", ".csv")))


def _subset_of(image: Path) -> int | None:
    found = (SUBSET.fullmatch(part) for part in reversed(image.parent.parts))
    return next((int(match[1]) for match in found if match), None)


def _by_series(table: Path) -> Mapping[str, Sequence[TableRow]]:
    rows: dict[str, list[TableRow]] = defaultdict(list)
    for row in read_findings(table):
        rows[row.series].append(row)
    return dict(rows)


def _table(files: list[Path], name: str, folder: Path, where: str) -> Path:
    path = next((file for file in files if file.name == name), None)
    if path is None:
        raise InputError(f"{folder}: holds no {name}; {where}")
    return path
