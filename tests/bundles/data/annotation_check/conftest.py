"""A chest of 40 mm with one nodule, written as a datalist item that breaks no rule, to be spoiled by tests."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest

from nodulescope.bundles.data.annotation_check import ListedItem, list_items

SHAPE = (40, 36, 30)
AFFINE_LPS = np.array([[1.0, 0, 0, -20.0], [0, 1.0, 0, 5.0], [0, 0, 1.0, -100.0], [0, 0, 0, 1]])
CENTER = (0.0, 23.0, -85.0)
"""Of the nodule, a ball of 8 mm; in voxels (20, 18, 15)."""


def save(folder: Path, name: str, values: np.ndarray, affine_lps: np.ndarray = AFFINE_LPS) -> str:
    nibabel.save(nibabel.Nifti1Image(values, np.diag([-1.0, -1.0, 1.0, 1.0]) @ affine_lps), folder / name)
    return name


def ball(center: tuple[float, float, float] = CENTER, diameter: float = 8.0) -> np.ndarray:
    index = np.moveaxis(np.indices(SHAPE), 0, -1)
    return np.linalg.norm(index + AFFINE_LPS[:3, 3] - center, axis=-1) < diameter / 2.0


@pytest.fixture
def scan_item(tmp_path: Path) -> dict[str, Any]:
    """An item in whose folder, ``tmp_path``, its files lie."""
    outline = ball()
    hu = np.where(outline, 20, -850).astype(np.int16)
    lungs = np.zeros(SHAPE, np.uint8)
    lungs[5:-5, 5:-5] = 1
    annotation = {
        "id": "n1",
        "center_lps_mm": list(CENTER),
        "size_mm": [7.0, 7.0, 7.0],
        "diameter_mm": 7.8,
        "readers": 3,
        "ratings": [[3, 4, 4, 5, 1, 1, 5, 6]] * 3,
        "outline": save(tmp_path, "outline.nii.gz", outline.astype(np.uint8)),
    }
    return {
        "image": save(tmp_path, "ct.nii.gz", hu),
        "label": save(tmp_path, "lungs.nii.gz", lungs),
        "patient": "p1",
        "box": [[*CENTER, 7.0, 7.0, 7.0]],
        "box_class": [0],
        "nodules": [annotation],
    }


@pytest.fixture
def listed(tmp_path: Path) -> Callable[..., list[ListedItem]]:
    """Write items as a datalist and list them: ``listed(training=[...], test=[...])``."""

    def write(**parts: list[dict[str, Any]]) -> list[ListedItem]:
        path = tmp_path / "scans.json"
        path.write_text(json.dumps(parts), encoding="utf-8")
        return list_items(path)

    return write
