"""All that one analysis found, the single source of every output."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nodulescope.bundles.contracts import CTVolume, LungMask
from nodulescope.operators.examination.input_facts import Extent
from nodulescope.operators.examination.nodule import Nodule
from nodulescope.operators.examination.recommendation import Recommendation

if TYPE_CHECKING:
    from nodulescope.operators.priors import PriorComparison


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
    """Volumes in millilitres, whether both lungs lie within the scan, and a box around them (None without lungs)."""

    left_ml: float
    right_ml: float
    fully_covered: bool
    extent_lps_mm: Extent | None = None

    @property
    def total_ml(self) -> float:
        """Both lungs together."""
        return self.left_ml + self.right_ml


@dataclass(frozen=True)
class NotAssessed:
    """A value that stays null, and why.

    Attributes:
        what: the key or the clinical item, for example ``"lung_rads"`` or ``"airway_nodules"``; each is there once.
        reason: one or two sentences in English.
        code: stable name of the reason, for other languages; empty where ``what`` says it all.
        nodules: ids of the nodules that it concerns; empty where it concerns the whole examination.
        inputs: names of the inputs that are not known, where those are the reason.
    """

    what: str
    reason: str
    code: str = ""
    nodules: tuple[int, ...] = ()
    inputs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Assessment:
    """What guidelines say of the whole examination; None where not assessed.

    Attributes:
        lung_rads: Lung-RADS v2022 category.
        fleischner: the Fleischner 2017 recommendations in English words.
        brock: by nodule id ``low`` and ``high`` (probability of cancer, 0 to 1) and ``unknown`` (names of inputs).
        not_assessed: what guidelines ask and could not be answered, and why.
        lung_rads_rows: by nodule id the row of the Lung-RADS table that its category comes from, as a code.
        bts: by nodule id the BTS 2015 recommendation, as a code.
        recommendations: what is to be done next, by every guideline, as codes and numbers.
    """

    lung_rads: str | None = None
    fleischner: str | None = None
    brock: Mapping[str, Any] | None = None
    not_assessed: tuple[NotAssessed, ...] = ()
    lung_rads_rows: Mapping[str, str] = field(default_factory=dict)
    bts: Mapping[str, str] | None = None
    recommendations: tuple[Recommendation, ...] = ()


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
        comparison: what a prior examination says of it; None where none was compared.
        subthreshold: findings below the operating point, outlined, graded and measured, which no output shows. Where a prior knows a nodule
            one of them may be it. Their ids go on from those of the nodules.
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
    comparison: PriorComparison | None = field(default=None, repr=False)
    subthreshold: tuple[Nodule, ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        if [n.id for n in self.nodules] != list(range(1, len(self.nodules) + 1)):
            raise ValueError("nodule ids must be 1, 2, 3 ... in order")
        if self.nodule_labels.shape != self.ct.shape or self.lung_mask.labels.shape != self.ct.shape:
            raise ValueError("label maps must lie on the CT's grid")
