"""The result of one analysis as values: nodules, the examination, and its form as ``findings.json``."""

from nodulescope.operators.examination.examination import Assessment, Examination, LungFindings, ModelProvenance, NotAssessed
from nodulescope.operators.examination.location import Location, Region, Third
from nodulescope.operators.examination.nodule import Acceptance, Measurements, Nodule, NoduleType, Side, Status
from nodulescope.operators.examination.recommendation import Guideline, Recommendation

__all__ = [
    "Acceptance",
    "Assessment",
    "Examination",
    "Guideline",
    "Location",
    "LungFindings",
    "Measurements",
    "ModelProvenance",
    "Nodule",
    "NoduleType",
    "NotAssessed",
    "Recommendation",
    "Region",
    "Side",
    "Status",
    "Third",
]
