"""One nodule: what was measured, how it was graded, where it lies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from nodulescope.bundles.contracts import Candidate, Grade, Outline
from nodulescope.operators.examination.location import Location

MASS_DIAMETER_MM = 30.0
"""Above 30 mm a lesion is a mass, no longer a nodule (Fleischner Society glossary, Radiology 246:697, 2008)."""


class NoduleType(StrEnum):
    """Attenuation of a nodule as guidelines name it."""

    SOLID = "solid"
    PART_SOLID = "part-solid"
    GROUND_GLASS = "ground-glass"
    CALCIFIED = "calcified"


class Side(StrEnum):
    """The patient's side."""

    RIGHT = "right"
    LEFT = "left"


class Status(StrEnum):
    """What became of a nodule since the prior examination."""

    BASELINE = "baseline"
    NEW = "new"
    STABLE = "stable"
    GROWING = "growing"
    SHRINKING = "shrinking"


class Acceptance(StrEnum):
    """Why a finding is reported as a nodule.

    ``OPERATING_POINT``: its nodule probability reaches the operating point. ``PRIOR``: it is less probable, but a prior examination knows a
    nodule there. ``PRIOR_PLACE``: the detector did not offer the place, which was looked at because a prior knows a nodule there.
    """

    OPERATING_POINT = "operating-point"
    PRIOR = "prior"
    PRIOR_PLACE = "prior-place"


@dataclass(frozen=True)
class Measurements:
    """Size and density of one nodule, measured on its outline.

    Attributes:
        long_axis_mm: longest diameter on the axial plane where the nodule's section is largest.
        short_axis_mm: longest diameter perpendicular to the long axis on that plane.
        mean_diameter_mm: mean of the two, the size that Lung-RADS and Fleischner use.
        volume_mm3: volume inside the outline.
        solid_diameter_mm: mean diameter of the solid part of a part-solid nodule, else None.
        mean_hu: mean density inside the outline.
        center_lps_mm: centroid of the outline, LPS mm.
        long_axis_lps_mm: the two ends of the long axis, LPS mm.
        short_axis_lps_mm: the two ends of the short axis, LPS mm.
    """

    long_axis_mm: float
    short_axis_mm: float
    mean_diameter_mm: float
    volume_mm3: float
    solid_diameter_mm: float | None
    mean_hu: float
    center_lps_mm: tuple[float, float, float]
    long_axis_lps_mm: tuple[tuple[float, float, float], tuple[float, float, float]]
    short_axis_lps_mm: tuple[tuple[float, float, float], tuple[float, float, float]]

    def __post_init__(self) -> None:
        if not 0 < self.short_axis_mm <= self.long_axis_mm + 1e-6:
            raise ValueError(f"short axis {self.short_axis_mm} and long axis {self.long_axis_mm} mm do not fit each other")
        if self.volume_mm3 <= 0:
            raise ValueError(f"a nodule's volume must be positive, not {self.volume_mm3} mm³")


@dataclass(frozen=True)
class Nodule:
    """One nodule of an examination.

    Attributes:
        id: 1, 2, 3 ... in the order of the report, most suspicious first; also its number in the label map and SEG.
        tracking_uid: DICOM UID that names this nodule in every result object.
        type: attenuation.
        side: the patient's side.
        measurements: sizes, density, axes.
        candidate: what the detector said.
        grade: what the grading network said.
        outline: probability cube that the measurements come from.
        location: where in its lung it lies, or None when it was not located.
        status: change since the prior examination; ``baseline`` without one.
        prior: what is known of the same nodule in the prior examination, or None.
        lung_rads: Lung-RADS category of this nodule, or None when it was not assessed.
        acceptance: why it is reported.
    """

    id: int
    tracking_uid: str
    type: NoduleType
    side: Side
    measurements: Measurements
    candidate: Candidate
    grade: Grade
    outline: Outline = field(repr=False)
    location: Location | None = None
    status: Status = Status.BASELINE
    prior: Mapping[str, Any] | None = None
    lung_rads: str | None = None
    acceptance: Acceptance = Acceptance.OPERATING_POINT

    @property
    def is_mass(self) -> bool:
        """True above 30 mm of mean diameter."""
        return self.measurements.mean_diameter_mm > MASS_DIAMETER_MM
