"""Putting a comparison into the examination.

A nodule that the prior knows takes over the prior's tracking UID: DICOM's Tracking Unique Identifier (112040, DCM) names one finding
through all the examinations that show it, and a viewer finds the earlier measurement by it. A new nodule keeps the UID that was derived for
it. When a prior is analysed again from its scan, its nodules get the UIDs that were derived then from the same series, models and places;
a prior that had taken over UIDs from a still earlier one passes those on through its ``findings.json`` only.
"""

from __future__ import annotations

from dataclasses import replace

from nodulescope.operators.examination import Examination, NotAssessed, Status
from nodulescope.operators.priors.comparison import PriorComparison

PRIOR_KEY = "nodules[].prior"


def with_prior(exam: Examination, comparison: PriorComparison) -> Examination:
    """The examination with its comparison, and status, prior and tracking UID of every nodule by it.

    When nothing was matched the nodules stay as they are, and ``not_assessed`` says why.
    """
    reasons = tuple(item for item in exam.assessment.not_assessed if item.what != PRIOR_KEY)
    if comparison.declined:
        declined = replace(exam.assessment, not_assessed=(*reasons, NotAssessed(PRIOR_KEY, comparison.declined)))
        return replace(exam, assessment=declined, comparison=comparison)
    nodules = []
    for nodule in exam.nodules:
        entry = comparison.entries.get(nodule.id)
        uid = nodule.tracking_uid if entry is None else str(entry["tracking_uid"])
        status = comparison.status.get(nodule.id, Status.BASELINE)
        nodules.append(replace(nodule, status=status, prior=entry, tracking_uid=uid))
    return replace(exam, nodules=tuple(nodules), assessment=replace(exam.assessment, not_assessed=reasons), comparison=comparison)
