"""What a nodule's size alone says about it: the baseline that every grading network has to beat."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import nibabel
import numpy as np
from nibabel.filebasedimages import ImageFileError
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import isotonic_regression

from nodulescope.bundles.errors import InputError

Floats = NDArray[np.float64]

FEWEST_TO_FIT = 20
"""Nodules below which a fit of size would be chance."""


@lru_cache(maxsize=100_000)  # the folds of one datalist name the same files
def outline_diameter_mm(path: str) -> float:
    """Diameter of the ball with the volume of an outline; NaN for an empty one.

    Args:
        path: label map, its voxels in mm.

    Raises:
        InputError: cannot be read.
    """
    try:
        image = nibabel.load(path)
        voxels = np.count_nonzero(np.asarray(image.dataobj))  # type: ignore[attr-defined]
    except (ImageFileError, OSError, EOFError, ValueError) as error:
        raise InputError(f"{path}: cannot be read as a label map (missing, damaged or another format); make the cubes again") from error
    volume = voxels * abs(float(np.linalg.det(image.affine[:3, :3])))  # type: ignore[attr-defined]
    return equivalent_diameter_mm(volume) if voxels else math.nan


def equivalent_diameter_mm(volume_mm3: float) -> float:
    """Diameter of the ball with a volume."""
    return float(np.cbrt(volume_mm3 * 6.0 / math.pi))


@dataclass(frozen=True)
class SizeBaseline:
    """Malignancy that never falls as the diameter grows.

    Attributes:
        diameters_mm: where the fit is known, ascending.
        ratings: its values there; in between they are interpolated, beyond the ends they stay.
    """

    diameters_mm: Floats
    ratings: Floats

    def __call__(self, diameters_mm: ArrayLike) -> Floats:
        """Ratings of diameters, same shape; NaN stays NaN."""
        return np.asarray(np.interp(np.asarray(diameters_mm, dtype=np.float64), self.diameters_mm, self.ratings))


def fit_size_baseline(nodules: Iterable[tuple[float, float]]) -> SizeBaseline | None:
    """Fit mean ratings to diameters by isotonic regression: the best that size can do, whatever the curve.

    Args:
        nodules: diameter in mm and mean rating of nodules of training patients; those without a diameter are left out.

    Returns:
        None with fewer than :data:`FEWEST_TO_FIT` nodules.
    """
    known = np.array([pair for pair in nodules if not math.isnan(pair[0])], dtype=np.float64).reshape(-1, 2)
    if len(known) < FEWEST_TO_FIT:
        return None
    diameters, place, cases = np.unique(known[:, 0], return_inverse=True, return_counts=True)
    means = np.bincount(place, weights=known[:, 1]) / cases
    return SizeBaseline(diameters, np.asarray(isotonic_regression(means, weights=cases).x))
