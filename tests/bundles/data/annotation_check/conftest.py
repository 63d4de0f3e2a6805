"""A chest of 40 mm with one nodule, written as a datalist item that breaks no rule, to be spoiled by tests."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest

from nodulescope.bundles.coordinates import swap_ras_lps
from nodulescope.bundles.data.annotation_check import ListedItem, list_items

CENTER = (0.0, 23.0, -85.0)
"""Of the nodule, a ball of 8 mm, in LPS mm; in voxels (20, 18, 15)."""


@dataclass(frozen=True)
class Chest:
    """The grid of the chest, and the folder of its files."""

    folder: Path
    shape = (40, 36, 30)

    @property
    def affine_lps(self) -> np.ndarray:
        affine = np.eye(4)
        affine[:3, 3] = (-20.0, 5.0, -100.0)
        return affine

    def ball(self, center: tuple[float, ...] = CENTER, diameter: float = 8.0) -> np.ndarray:
        index = np.moveaxis(np.indices(self.shape), 0, -1)
        return np.linalg.norm(index + self.affine_lps[:3, 3] - center, axis=-1) < diameter / 2.0

    def save(self, name: str, values: np.ndarray, affine_lps: np.ndarray | None = None) -> str:
        affine = swap_ras_lps(self.affine_lps if affine_lps is None else affine_lps)
        nibabel.save(nibabel.Nifti1Image(values, affine), self.folder / name)
        return name


@pytest.fixture
def chest(tmp_path: Path) -> Chest:
    return Chest(tmp_path)


@pytest.fixture
def scan_item(chest: Chest) -> dict[str, Any]:
    """An item that breaks no rule; its files lie in ``tmp_path``."""
    lungs = np.zeros(chest.shape, np.uint8)
    lungs[5:-5, 5:-5] = 1
    annotation = {
        "id": "n1",
        "center_lps_mm": list(CENTER),
        "size_mm": [7.0, 7.0, 7.0],
        "diameter_mm": 7.8,
        "readers": 3,
        "ratings": [[3, 4, 4, 5, 1, 1, 5, 6]] * 3,
        "outline": chest.save("outline.nii.gz", chest.ball().astype(np.uint8)),
    }
    return {
        "image": chest.save("ct.nii.gz", np.where(chest.ball(), 20, -850).astype(np.int16)),
        "label": chest.save("lungs.nii.gz", lungs),
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
