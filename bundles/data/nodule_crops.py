"""Real LIDC-IDRI nodules that come as cubes of 51 mm in true HU, with one reader's outline and ratings."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nodulescope.bundles.nodule_grading.ratings import READER_RATINGS

CROP_LOW_HU, CROP_RANGE_HU = -1200.0, 1600.0
"""Stored value = (HU + 1200) / 1600."""

_NAME = re.compile(r"(?P<patient>\d+)_nod\d+_ann\d+")


@dataclass(frozen=True)
class NoduleCrop:
    """One nodule in its own surroundings.

    Attributes:
        key: unique name.
        patient: LIDC patient, for splits.
        hu: float32 HU at about 1 mm, shape (51, 51, 51).
        outline: the reader's outline, same shape.
        rating: one reader's ratings in the order of ``READER_RATINGS``; NaN for calcification, which the table leaves out.
    """

    key: str
    patient: str
    hu: NDArray[np.float32]
    outline: NDArray[np.bool_]
    rating: tuple[float, ...]


def read_nodule_crops(folder: Path) -> Iterator[NoduleCrop]:
    """All crops of ``nodule_crops.npz`` that ``ratings.csv`` rates and whose outline is not empty.

    Args:
        folder: holds both files. A name ``i_nodK_annJ`` is a nodule of patient LIDC-IDRI-(i+1).
    """
    with (folder / "ratings.csv").open(newline="", encoding="utf-8") as file:
        ratings = {row["Filename"]: row for row in csv.DictReader(file)}
    with np.load(folder / "nodule_crops.npz") as arrays:
        for name, image, mask in zip(arrays["names"], arrays["image"], arrays["mask"], strict=True):
            named = _NAME.fullmatch(str(name))
            if named is None or str(name) not in ratings or not mask.any():
                continue
            row = ratings[str(name)]
            hu = image.astype(np.float32) * CROP_RANGE_HU + CROP_LOW_HU
            rating = tuple(float(row.get(key) or "nan") for key in READER_RATINGS)
            yield NoduleCrop(f"crop_{name}", f"LIDC-IDRI-{int(named['patient']) + 1:04d}", hu, mask > 0, rating)
