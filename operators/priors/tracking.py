"""Putting a comparison into the examination.

A nodule that the prior knows takes over the prior's tracking UID: DICOM's Tracking Unique Identifier (112040, DCM) names one finding
through all the examinations that show it, and a viewer finds the earlier measurement by it. A new nodule keeps the UID that was derived for
it. When a prior is analysed again from its scan, its nodules get the UIDs that were derived then from the same series, models and places;
a prior that had taken over UIDs from a still earlier one passes those on through its ``findings.json`` only.
"""

from __future__ import annotations

from dataclasses import replace

from nodulescope.operators.examination import Examination, NotAssessed, Status
from nodulescope.operators.measurement.labels import paint_labels
from nodulescope.operators.nodules.numbering import numbered
from nodulescope.operators.priors.comparison import PriorComparison

PRIOR_KEY = "nodules[].prior"


def with_prior(exam: Examination, comparison: PriorComparison) -> Examination:
    """The examination with its comparison, with the nodules that only the prior confirms, and status, prior and tracking UID of all by it.

    When nothing was matched the nodules stay as they are, and ``not_assessed`` says why.
    """
    reasons = tuple(item for item in exam.assessment.not_assessed if item.what != PRIOR_KEY)
    if comparison.declined:
        declined = replace(exam.assessment, not_assessed=(*reasons, NotAssessed(PRIOR_KEY, comparison.declined)))
        return replace(exam, assessment=declined, comparison=comparison)
    nodules = []
    shown = _with_confirmed(exam, comparison)
    for nodule in shown.nodules:
        entry = comparison.entries.get(nodule.id)
        uid = nodule.tracking_uid if entry is None else str(entry["tracking_uid"])
        status = comparison.status.get(nodule.id, Status.BASELINE)
        nodules.append(replace(nodule, status=status, prior=entry, tracking_uid=uid))
    return replace(shown, nodules=tuple(nodules), assessment=replace(exam.assessment, not_assessed=reasons), comparison=comparison)


def _with_confirmed(exam: Examination, comparison: PriorComparison) -> Examination:
    """The examination with the comparison's nodules; what they leave of the weaker findings has the ids after theirs."""
    nodules = comparison.nodules
    if len(nodules) == len(exam.nodules):
        return exam
    confirmed = {nodule.tracking_uid for nodule in nodules}
    left = [finding for finding in exam.subthreshold if finding.tracking_uid not in confirmed]
    return replace(
        exam,
        nodules=nodules,
        nodule_labels=paint_labels(exam.ct, [nodule.outline for nodule in nodules]),
        subthreshold=numbered(left, first=len(nodules) + 1),
    )
