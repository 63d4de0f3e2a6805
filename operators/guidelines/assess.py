"""All guidelines for one examination."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from nodulescope.operators.examination.examination import Assessment
from nodulescope.operators.examination.nodule import Nodule
from nodulescope.operators.examination.recommendation import Recommendation
from nodulescope.operators.guidelines.brock import BrockInputs, BrockRisk, brock
from nodulescope.operators.guidelines.bts import Bts, bts, bts_recommendations
from nodulescope.operators.guidelines.features import is_spiculated, long_axis_mm
from nodulescope.operators.guidelines.fleischner import exclusion, fleischner
from nodulescope.operators.guidelines.follow_up import PriorComparison, earlier
from nodulescope.operators.guidelines.gaps import Gap, Missing, brock_gaps, fleischner_gaps, lung_rads_gaps
from nodulescope.operators.guidelines.history import PatientHistory
from nodulescope.operators.guidelines.lung_rads import Category, Classed, Row
from nodulescope.operators.guidelines.lung_rads_examination import examination_category, lung_rads_recommendation
from nodulescope.operators.guidelines.lung_rads_follow_up import classify_nodule
from nodulescope.operators.guidelines.wording import not_assessed, recommendations_text


def assess(
    nodules: Sequence[Nodule],
    history: PatientHistory,
    fully_covered: bool,
    prior_compared: PriorComparison | None = None,
) -> tuple[tuple[Nodule, ...], Assessment]:
    """Apply every guideline to the nodules of one examination.

    Args:
        nodules: with their ids, and with status and ``prior`` where a prior was compared.
        history: what is known of the patient.
        fully_covered: whether both lungs lie within the scan.
        prior_compared: the prior examination that the nodules were compared with, or None.

    Returns:
        The nodules with their Lung-RADS category, and the assessment of the examination.
    """
    past = {nodule.id: known for nodule in nodules if (known := earlier(nodule, prior_compared)) is not None}
    classed = {nodule.id: own for nodule in nodules if (own := classify_nodule(nodule, past.get(nodule.id))) is not None}
    counted = [n for n in nodules if n.id not in classed or classed[n.id].row is not Row.BENIGN_CALCIFICATION]
    eligible = [nodule for nodule in counted if not nodule.is_mass]
    category = examination_category([classed[n.id].category if n.id in classed else None for n in nodules], fully_covered)
    risks = {nodule.id: _brock(nodule, len(counted), history) for nodule in eligible}
    by_bts = {nodule.id: bts(nodule, past.get(nodule.id), risks[nodule.id]) for nodule in eligible}
    by_fleischner = fleischner(eligible, history) if exclusion(history) is None else ()
    missing = _examination_gaps(category, fully_covered, prior_compared)
    missing += lung_rads_gaps(nodules, past, classed)
    missing += fleischner_gaps(by_fleischner, history, past) + brock_gaps(risks, history)
    assessment = Assessment(
        lung_rads=None if category is None else str(category),
        fleischner=recommendations_text(by_fleischner) or None,
        brock={str(number): {"low": risk.low, "high": risk.high, "unknown": risk.unknown} for number, risk in risks.items()},
        not_assessed=tuple(not_assessed(one) for one in missing),
        lung_rads_rows={str(number): str(own.row) for number, own in classed.items()},
        bts={str(number): str(code) for number, code in by_bts.items()},
        recommendations=_recommendations(category, nodules, classed, by_fleischner, by_bts),
    )
    return tuple(replace(n, lung_rads=str(classed[n.id].category) if n.id in classed else None) for n in nodules), assessment


def _brock(nodule: Nodule, count: int, history: PatientHistory) -> BrockRisk:
    """The probability for one nodule; its lobe is not known to the program."""
    return brock(
        BrockInputs(
            type=nodule.type,
            long_axis_mm=long_axis_mm(nodule),
            count=count,
            age=history.age,
            sex=history.sex,
            family_history=history.family_history,
            emphysema=history.emphysema,
            spiculation=is_spiculated(nodule),
        )
    )


def _examination_gaps(category: Category | None, fully_covered: bool, prior_compared: PriorComparison | None) -> list[Missing]:
    there = {
        Gap.NO_PRIOR: prior_compared is None,
        Gap.COVERAGE: not fully_covered,
        Gap.OPEN_CATEGORY: category is None,
    }
    return [Missing(gap) for gap, is_missing in there.items() if is_missing]


def _recommendations(
    category: Category | None,
    nodules: Sequence[Nodule],
    classed: Mapping[int, Classed],
    by_fleischner: tuple[Recommendation, ...],
    by_bts: Mapping[int, Bts],
) -> tuple[Recommendation, ...]:
    """All recommendations in the order Lung-RADS, Fleischner, BTS."""
    by_lung_rads = () if category is None else (lung_rads_recommendation(category, nodules, classed),)
    return (*by_lung_rads, *by_fleischner, *bts_recommendations(by_bts))
