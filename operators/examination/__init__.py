"""The result of one analysis as values: nodules, the examination, and its form as ``findings.json``."""

from nodulescope.operators.examination.examination import Assessment, Examination, LungFindings, ModelProvenance, NotAssessed
from nodulescope.operators.examination.nodule import Measurements, Nodule, NoduleType, Side, Status

__all__ = [
    "Assessment",
    "Examination",
    "LungFindings",
    "Measurements",
    "ModelProvenance",
    "Nodule",
    "NoduleType",
    "NotAssessed",
    "Side",
    "Status",
]
