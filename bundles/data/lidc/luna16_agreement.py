"""Our consensus beside the annotations that LUNA16 (Setio et al., Med Image Anal 42:1, 2017) made from the same marks.

No image is needed: LUNA16's headers tell size, spacing and origin of its scans, the XML files tell pixels and slice positions.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nodulescope.bundles.coordinates import spacing_of
from nodulescope.bundles.data.lidc.consensus import AGREEMENT, ball_diameter_mm, centroid_lps, consensus, readers_average
from nodulescope.bundles.data.lidc.markings import ScanMarkings
from nodulescope.bundles.data.lidc.nodules import MarkedNodule
from nodulescope.bundles.data.luna16.tables import TableRow
from nodulescope.bundles.errors import InputError

LEAST_READERS = 3
"""LUNA16 lists what at least three of the four readers marked."""


@dataclass(frozen=True)
class Luna16Agreement:
    """Our nodule for each of LUNA16's annotations, in their order.

    Attributes:
        position_mm: distance between our centre and theirs; infinite where the scan has no nodule of three readers.
        diameter: our diameter over theirs; 0 where there is none.
    """

    position_mm: NDArray[np.float64]
    diameter: NDArray[np.float64]

    def share(self, position_mm: float, diameter: float) -> float:
        """Annotations whose position and diameter (relative) both agree within these limits, among all."""
        return float(np.mean((self.position_mm <= position_mm) & (np.abs(self.diameter - 1.0) <= diameter)))


def compare_with_luna16(
    annotations: Sequence[TableRow],
    nodules: Mapping[str, Sequence[MarkedNodule]],
    affines_lps: Mapping[str, NDArray[np.float64]],
    *,
    averaged: bool = False,
    agreement: float = AGREEMENT,
) -> Luna16Agreement:
    """Compare place and size of our nodules with LUNA16's.

    Args:
        annotations: rows of ``annotations.csv``.
        nodules: our nodules by series, with slices numbered on LUNA16's grid; every annotation's series is there.
        affines_lps: (column, row, slice) to LPS mm, by series.
        averaged: average the readers' own centroids and diameters, as LUNA16 does, instead of measuring the consensus.
        agreement: of the consensus.
    """
    measured: dict[str, list[tuple[NDArray[np.float64], float]]] = {}
    position, diameter = [], []
    for row in annotations:
        if row.series not in measured:
            affine = affines_lps[row.series]
            marked = [nodule for nodule in nodules[row.series] if len(nodule.readers) >= LEAST_READERS]
            measured[row.series] = [readers_average(n, affine) if averaged else _agreed(n, affine, agreement) for n in marked]
        ours = measured[row.series]
        distances = [float(np.linalg.norm(center - row.center_lps_mm)) for center, _ in ours]
        nearest = int(np.argmin(distances)) if ours else None
        position.append(np.inf if nearest is None else distances[nearest])
        diameter.append(0.0 if nearest is None else ours[nearest][1] / row.value)
    return Luna16Agreement(np.array(position), np.array(diameter))


def read_luna16_grids(path: Path) -> dict[str, NDArray[np.float64]]:
    """Read ``headers_888.csv``: (column, row, slice) to LPS mm of each series, 4x4.

    Raises:
        InputError: no such file, or not of this form.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return {row["seriesuid"]: _affine(row) for row in csv.DictReader(file)}
    except (OSError, KeyError, ValueError) as error:
        raise InputError(f"{path}: not a table of series with nx..nz, sx..sz, ox..oz and TransformMatrix") from error


def slices_on_grid(markings: ScanMarkings, affine_lps: NDArray[np.float64]) -> dict[str, int]:
    """Number of each slice that a file marks, from its position on a grid whose slices are axial."""
    spacing, first = spacing_of(affine_lps)[2], affine_lps[2, 3]
    return {contour.slice_uid: round((contour.z_mm - first) / spacing) for mark in markings.nodules for contour in mark.contours}


def _agreed(nodule: MarkedNodule, affine_lps: NDArray[np.float64], agreement: float) -> tuple[NDArray[np.float64], float]:
    region = consensus(nodule, agreement)
    if region is None:
        return np.full(3, np.inf), 0.0
    return centroid_lps(region, affine_lps), ball_diameter_mm(region, affine_lps)


def _affine(row: Mapping[str, str]) -> NDArray[np.float64]:
    # MetaImage writes a direction matrix one axis after the other.
    directions = np.array([float(v) for v in row["TransformMatrix"].split()]).reshape(3, 3).T
    affine = np.eye(4)
    affine[:3, :3] = directions * [float(row[f"s{axis}"]) for axis in "xyz"]
    affine[:3, 3] = [float(row[f"o{axis}"]) for axis in "xyz"]
    return affine
