"""Training cubes on disk, and the MONAI datalist that names them.

The outline network and the grading network learn from the same cubes: 64 mm of canonical CT around a nodule or around a place without one.
"""

from __future__ import annotations

import json
import math
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
from numpy.typing import NDArray

FOLDS = 5


def fold_of(patient: str) -> int:
    """The fold, 0..4, that a patient belongs to in every data set and every bundle: a hash of the name, so that no split crosses a
    patient.
    """
    return zlib.crc32(patient.encode()) % FOLDS


class CubeDatalist:
    """Collects cubes in a folder and writes ``datalist.json`` beside them.

    Args:
        folder: where the cubes go; made if missing.
        validation_fold: patients of this fold are kept from training.
    """

    def __init__(self, folder: Path, validation_fold: int = 0) -> None:
        self.folder = folder
        self.validation_fold = validation_fold
        self.items: dict[str, list[dict[str, Any]]] = {"training": [], "validation": []}
        folder.mkdir(parents=True, exist_ok=True)

    def add(
        self,
        name: str,
        patient: str,
        hu: NDArray[np.floating[Any]],
        *,
        outline: NDArray[np.bool_] | None = None,
        ratings: Sequence[Sequence[float]] = (),
        readers: Sequence[NDArray[np.bool_]] = (),
        held_out: bool = False,
        training_only: bool = False,
    ) -> None:
        """Add one cube.

        Args:
            name: unique; becomes the file's name.
            patient: decides the fold.
            hu: Hounsfield units at 1 mm, RAS, shape (n, n, n), the place of interest in the middle.
            outline: the nodule's voxels, same shape; None where there is no nodule.
            ratings: one row per reader (``nodule_grading.ratings.READER_RATINGS``); NaN where a reader gave none.
            readers: each reader's own outline, same shape as ``hu``; kept to measure how far readers agree.
            held_out: keep from training whatever the fold.
            training_only: train whatever the fold, for a patient whose tissue surrounds the nodules of all folds.
        """
        item: dict[str, Any] = {"image": f"{name}.nii", "patient": patient, "nodule": int(outline is not None)}
        self._save(f"{name}.nii", np.clip(np.rint(hu), -1024, 3071).astype(np.int16))
        if outline is not None:
            item["label"] = f"{name}_outline.nii"
            item["ratings"] = [[None if math.isnan(v) else v for v in reader] for reader in ratings]
            self._save(item["label"], outline.astype(np.uint8))
            if readers:
                item["reader_labels"] = [f"{name}_reader{number}.nii.gz" for number in range(len(readers))]
                for file, own in zip(item["reader_labels"], readers, strict=True):
                    self._save(file, own.astype(np.uint8))
        if training_only:
            item["training_only"] = True
        validates = held_out or (fold_of(patient) == self.validation_fold and not training_only)
        self.items["validation" if validates else "training"].append(item)

    def write(self) -> Path:
        """Write the datalist; returns its path."""
        path = self.folder / "datalist.json"
        path.write_text(json.dumps(self.items, indent=1), encoding="utf-8")
        return path

    def write_folds(self) -> list[Path]:
        """Write ``datalist_fold0.json`` to ``datalist_fold4.json``, each with the patients of its own fold for validation."""
        everything = [item for part in self.items.values() for item in part]
        paths = []
        for fold in range(FOLDS):
            own = [fold_of(item["patient"]) == fold and "training_only" not in item for item in everything]
            parts = {
                "training": [item for item, validates in zip(everything, own, strict=True) if not validates],
                "validation": [item for item, validates in zip(everything, own, strict=True) if validates],
            }
            paths.append(self.folder / f"datalist_fold{fold}.json")
            paths[-1].write_text(json.dumps(parts, indent=1), encoding="utf-8")
        return paths

    def _save(self, name: str, array: NDArray[Any]) -> None:
        nibabel.save(nibabel.Nifti1Image(array, np.eye(4)), self.folder / name)
