"""All that one analysis found, the single source of every output."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nodulescope.bundles.contracts import CTVolume, LungMask
from nodulescope.operators.examination.nodule import Nodule


@dataclass(frozen=True)
class ModelProvenance:
    """Which weights a stage ran with.

    Attributes:
        stage: ``lung_segmentation``, ``nodule_detection``, ``nodule_segmentation`` or ``nodule_grading``.
        bundle: the bundle's name in its metadata.
        version: the bundle's version.
        sha256: hash of its weights file; empty for weights that carry none.
    """

    stage: str
    bundle: str
    version: str
    sha256: str


@dataclass(frozen=True)
class LungFindings:
    """Volumes in millilitres, and whether both lungs lie within the scan."""

    left_ml: float
    right_ml: float
    fully_covered: bool

    @property
    def total_ml(self) -> float:
        """Both lungs together."""
        return self.left_ml + self.right_ml


@dataclass(frozen=True)
class NotAssessed:
    """A value that stays null, and why.

    Attributes:
        what: the key or the clinical item, for example ``"lung_rads"`` or ``"nodules[].prior"``.
        reason: one sentence.
    """

    what: str
    reason: str


@dataclass(frozen=True)
class Assessment:
    """Guideline categories of the whole examination; None where not assessed."""

    lung_rads: str | None = None
    fleischner: str | None = None
    brock: Mapping[str, Any] | None = None
    not_assessed: tuple[NotAssessed, ...] = ()


@dataclass(frozen=True)
class Examination:
    """Everything that is known after one CT was analysed.

    Attributes:
        ct: the CT on its own grid, with provenance and warnings.
        lung_mask: lung labels on the CT's grid.
        lungs: volumes and coverage.
        nodules: in the order of the report, ids 1..n.
        nodule_labels: uint8 label map on the CT's grid, value = nodule id, 0 elsewhere.
        models: one entry per stage that ran.
        assessment: guideline categories and what was not assessed.
        timings_s: seconds per stage, in running order.
        peak_memory_mb: largest resident memory of the process so far, or None where it is not known.
        generator_version: version of nodulescope that made it.
    """

    ct: CTVolume
    lung_mask: LungMask
    lungs: LungFindings
    nodules: tuple[Nodule, ...]
    nodule_labels: NDArray[np.uint8] = field(repr=False)
    models: tuple[ModelProvenance, ...]
    assessment: Assessment
    timings_s: Mapping[str, float]
    peak_memory_mb: float | None
    generator_version: str

    def __post_init__(self) -> None:
        if [n.id for n in self.nodules] != list(range(1, len(self.nodules) + 1)):
            raise ValueError("nodule ids must be 1, 2, 3 ... in order")
        if self.nodule_labels.shape != self.ct.shape or self.lung_mask.labels.shape != self.ct.shape:
            raise ValueError("label maps must lie on the CT's grid")
