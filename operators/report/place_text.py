"""Where a nodule lies, in the words of the report's language."""

from __future__ import annotations

from nodulescope.operators.examination import Nodule
from nodulescope.operators.examination.location import TOUCHING_MM
from nodulescope.operators.report import number_text
from nodulescope.operators.report.messages import Messages


def place_text(nodule: Nodule, t: Messages) -> str:
    """The place in one phrase, in English that of ``findings.json``; empty where the nodule was not located."""
    location = nodule.location
    if location is None:
        return ""
    parts = [t(f"place.{nodule.side}")]
    if location.third is not None:
        parts.append(t(f"place.{location.third}"))
    parts.append(t(f"place.{location.region}"))
    distance = location.pleura_distance_mm
    if distance is not None:
        touches = distance < TOUCHING_MM
        parts.append(t("place.touching") if touches else t("place.distance", distance=number_text.fixed(distance, 0)))
    return t.texts["list.comma"].join(parts)
