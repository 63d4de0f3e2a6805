"""A finished phantom and what is known about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nodulescope.bundles.contracts import LEFT_LUNG, RIGHT_LUNG, CTVolume
from nodulescope.bundles.data.phantoms.patient import Patient
from nodulescope.bundles.data.phantoms.scanner import Scanner


@dataclass(frozen=True)
class PhantomNodule:
    """The truth about one nodule, from its analytic shape.

    Attributes:
        id: its label in the label map, from 1 on.
        center_lps_mm: centroid, LPS mm.
        kind: ``"solid"``, ``"part-solid"``, ``"ground-glass"`` or ``"calcified"``.
        mean_diameter_mm: mean of long and short axis.
        long_axis_mm: longest diameter on the axial plane of largest area.
        short_axis_mm: widest extent at a right angle to it on that plane.
        volume_mm3: volume.
        solid_diameter_mm: mean diameter of the solid part of a part-solid nodule, else None.
        place: ``"isolated"``, ``"vessel"`` or ``"pleura"``.
        side: ``"right"`` or ``"left"``.
        is_mass: mean diameter above 30 mm.
        ratings: LIDC ratings (see :mod:`~nodulescope.bundles.data.phantoms.ratings`).
    """

    id: int
    center_lps_mm: tuple[float, float, float]
    kind: str
    mean_diameter_mm: float
    long_axis_mm: float
    short_axis_mm: float
    volume_mm3: float
    solid_diameter_mm: float | None
    place: str
    side: str
    is_mass: bool
    ratings: Mapping[str, float]


@dataclass(frozen=True)
class PhantomScan:
    """A synthetic chest CT with its truth.

    Attributes:
        ct: the CT; ``source.kind`` is ``"phantom"``.
        lungs: uint8 labels (1 right, 2 left) on the CT's grid, with nodules and small vessels, without main bronchi and hilar vessels.
        nodules_label: uint8, the number of the nodule at each voxel, else 0.
        truth: the nodules.
        seed, scanner, patient: what it was made from.
    """

    ct: CTVolume
    lungs: NDArray[np.uint8] = field(repr=False)
    nodules_label: NDArray[np.uint8] = field(repr=False)
    truth: tuple[PhantomNodule, ...]
    seed: int
    scanner: Scanner
    patient: Patient

    def lung_volumes_ml(self) -> dict[str, float]:
        """Volumes of right lung, left lung and both, in millilitres."""
        voxel = self.ct.voxel_volume_mm3 / 1000.0
        right, left = (float(np.count_nonzero(self.lungs == label) * voxel) for label in (RIGHT_LUNG, LEFT_LUNG))
        return {"right": right, "left": left, "total": right + left}

    def truth_dict(self) -> dict[str, Any]:
        """Everything known about the phantom, ready for JSON: lengths in mm, LPS coordinates."""
        return {
            "seed": self.seed,
            "scanner": _plain(asdict(self.scanner)),
            "patient": _plain(asdict(self.patient)),
            "lung_volumes_ml": self.lung_volumes_ml(),
            "nodules": [_plain(asdict(nodule)) for nodule in self.truth],
        }


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    """Tuples as lists, so that what is written equals what is read back."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}
