"""Looking at places that the detector did not offer: where a prior knows a nodule and the current scan has no finding.

The detector's list is finite (100 boxes, of which the best 40 are outlined and graded), and a nodule may miss it. The outline network draws
what lies nearest to the middle of its cube, so it finds a nodule beside a place that is a few millimetres off; the grading network says
whether that is one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from nodulescope.bundles.contracts import Candidate, Outline
from nodulescope.operators.examination import Acceptance, Examination, Nodule
from nodulescope.operators.measurement.fine_outline import NothingToMeasure
from nodulescope.operators.measurement.measure import measure
from nodulescope.operators.models import Models
from nodulescope.operators.nodules.measuring import distinct, measured
from nodulescope.operators.nodules.selection import Thresholds

UNHEARD = 0.5
"""Score of a place that the detector did not offer: undecided, so that the grading network decides. Its list is cut by length (on three
public scans the fortieth candidate had 0.64, 0.74 and 0.90), so that silence does not mean a low score."""


def examine_places(exam: Examination, places: Sequence[Candidate], models: Models, thresholds: Thresholds) -> tuple[Nodule, ...]:
    """Outline, grade and measure what lies at places of an examination's CT.

    Args:
        exam: the examination.
        places: centre (LPS mm of this CT) and expected diameter; their scores do not count.
        models: the bundles of all stages.
        thresholds: the operating point.

    Returns:
        What is probable enough to be confirmed by a prior, with the id 1: no more than one finding per place, and each finding once.
    """
    if not places:
        return ()
    unheard = [replace(place, score=UNHEARD) for place in places]
    centered = [
        moved
        for place, outline in zip(unheard, models.outline(exam.ct, unheard), strict=True)
        if (moved := _centered(exam, place, outline))
    ]
    outlines = models.outline(exam.ct, centered)
    grades = models.grading(exam.ct, [place.center_lps_mm for place in centered])
    found = measured(exam.ct, exam.lung_mask, list(zip(centered, outlines, grades, strict=True)), models.provenance, thresholds)
    return tuple(replace(nodule, acceptance=Acceptance.PRIOR_PLACE) for nodule in distinct(found))


def _centered(exam: Examination, place: Candidate, outline: Outline) -> Candidate | None:
    """The place moved into the middle of what was drawn there, as both networks know nodules; None where nothing was."""
    try:
        sizes, _ = measure(outline, exam.ct)
    except NothingToMeasure:
        return None
    return replace(place, center_lps_mm=sizes.center_lps_mm, diameter_mm=sizes.mean_diameter_mm)
