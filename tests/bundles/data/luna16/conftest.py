"""LUNA16 in miniature: scans of a few centimetres with lungs, laid out as the archives unpack."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813 - the name that its own documentation uses

PLACE = "seriesuid,coordX,coordY,coordZ,diameter_mm\n"

WriteScan = Callable[..., None]

SPACING, ORIGIN, SHAPE = np.array([2.0, 2.0, 2.5]), np.array([-23.0, -21.0, 100.0]), (24, 22, 16)


def write_image(array: np.ndarray, path: Path, *, flipped: bool = False, origin: np.ndarray = ORIGIN) -> None:
    """Write values with axes (i, j, k); voxel (0, 0, 0) of the unflipped scan lies at the origin.

    A flipped scan is the same patient, stored from left to right and from back to front, as twelve of LUNA16's are.
    """
    if flipped:
        array = array[::-1, ::-1]
        origin = origin + (np.array(array.shape) - 1) * SPACING * (1, 1, 0)
    image = sitk.GetImageFromArray(np.ascontiguousarray(array.transpose(2, 1, 0)))
    image.SetSpacing(SPACING.tolist())
    image.SetOrigin(origin.tolist())
    if flipped:
        image.SetDirection([-1.0, 0, 0, 0, -1.0, 0, 0, 0, 1.0])
    path.parent.mkdir(parents=True, exist_ok=True)
    sitk.WriteImage(image, str(path))


def chest() -> np.ndarray:
    """HU of a body with two lungs; the patient's right one is at small x, and holds one bright voxel at (8, 10, 7)."""
    hu = np.full(SHAPE, -1000, np.int16)
    hu[1:-1, 1:-1] = 40
    hu[4:10, 5:17, 3:13] = -850
    hu[14:20, 5:17, 3:13] = -850
    hu[8, 10, 7] = 300
    return hu


def published_lungs() -> np.ndarray:
    labels = np.zeros(SHAPE, np.uint8)
    labels[4:10, 5:17, 3:13], labels[14:20, 5:17, 3:13], labels[11:13, 9:11] = 4, 3, 5
    return labels


@pytest.fixture
def write_scan(tmp_path: Path) -> WriteScan:
    """Write one scan: ``write_scan("1.1", subset=0, flipped=True, lungs=False)``; the folder is ``tmp_path / "LUNA16"``."""

    def write(series: str, *, subset: int | None = 0, flipped: bool = False, lungs: bool = True) -> None:
        root = tmp_path / "LUNA16"
        place = root if subset is None else root / f"subset{subset}" / f"subset{subset}"
        write_image(chest(), place / f"{series}.mhd", flipped=flipped)
        if lungs:
            write_image(published_lungs(), root / "seg-lungs-LUNA16" / f"{series}.mhd", flipped=flipped)

    return write


@pytest.fixture
def write_tables(tmp_path: Path) -> Callable[..., Path]:
    """Write the tables: ``write_tables(annotations="1.1,0,0,120,6", excluded="...", patients="...")``; gives the folder."""

    def write(annotations: str = "", excluded: str = "", patients: str | None = None) -> Path:
        root = tmp_path / "LUNA16"
        (root / "evaluationScript" / "annotations").mkdir(parents=True, exist_ok=True)
        (root / "annotations.csv").write_text(PLACE + annotations, encoding="utf-8")
        (root / "evaluationScript" / "annotations" / "annotations_excluded.csv").write_text(PLACE + excluded, encoding="utf-8")
        if patients is not None:
            (root / "PatientId_SeriesUID.csv").write_text(patients, encoding="utf-8")
        return root

    return write
