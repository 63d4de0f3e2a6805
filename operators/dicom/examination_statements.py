"""What holds for the whole examination, as a part of the measurement report (PS3.16 TID 1500, rows 12 to 14)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from highdicom.sr import CodeContentItem, CodedConcept, ContainerContentItem, ContentSequence, RelationshipTypeValues, TextContentItem
from pydicom.sr.codedict import codes

from nodulescope.operators.dicom.absence_group import NO_NODULE
from nodulescope.operators.dicom.report_codes import LUNG_RADS, QUALITATIVE_EVALUATIONS, lung_rads_code

_CONTAINS = RelationshipTypeValues.CONTAINS


def examination_statements(findings: Mapping[str, Any]) -> ContainerContentItem | None:
    """State the Lung-RADS category in code, and in text the absence of nodules, what to do next, the prior and which of its nodules are
    gone, what to know of the images, and what was not assessed.

    Args:
        findings: the value of ``findings.json``.

    Returns:
        The container, or None where there is nothing to state.
    """
    items = ContentSequence()
    category = findings["assessment"]["lung_rads"]
    if category is not None:
        items.append(CodeContentItem(LUNG_RADS, lung_rads_code(category), _CONTAINS))
    items.extend(TextContentItem(codes.DCM.Recommendation, one["text"], _CONTAINS) for one in findings["assessment"]["recommendations"])
    items.extend(TextContentItem(codes.DCM.Comment, text, _CONTAINS) for text in _comments(findings))
    if not items:
        return None
    container = ContainerContentItem(CodedConcept.from_code(QUALITATIVE_EVALUATIONS), relationship_type=_CONTAINS)
    container.ContentSequence = items
    return container


def _comments(findings: Mapping[str, Any]) -> Iterator[str]:
    if not findings["nodules"]:
        yield NO_NODULE
    if findings["prior"] is not None:
        yield from _since(findings["prior"])
    yield from (f"Images: {warning}" for warning in findings["input"]["warnings"])
    yield from (f"Not assessed: {entry['what']}. {entry['reason']}" for entry in findings["assessment"]["not_assessed"])


def _since(prior: Mapping[str, Any]) -> Iterator[str]:
    """What the groups of the nodules do not tell: with which examination they were compared, and what it showed that is gone."""
    day, days = prior["study_date"] or "an unknown day", prior["interval_days"]
    earlier = "" if days is None else f", {days} days earlier"
    if prior["declined"]:
        yield f"Prior: the examination of {day}{earlier} could not be compared. {prior['declined']}"
    else:
        yield f"Prior: compared with the examination of {day}{earlier} ({prior['method']})."
    for gone in prior["resolved"]:
        size = f"{gone['mean_diameter_mm']} mm, {gone['volume_mm3']} mm3"
        yield f"Prior: its nodule {gone['id']} was not found again ({gone['type']}, {gone['side']} lung, mean diameter {size})."
    yield from (f"Prior: {warning}" for warning in prior["warnings"])
