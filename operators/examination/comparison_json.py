"""The comparison with a prior examination, as ``findings.json`` has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nodulescope.operators.examination.decimals import COORDINATE_DECIMALS, LENGTH_DECIMALS

if TYPE_CHECKING:
    from nodulescope.operators.priors import PriorComparison

DICE_DECIMALS = 3


def comparison_to_findings(comparison: PriorComparison) -> dict[str, Any]:
    """Form the comparison as plain JSON values: lengths in mm, volumes in mm³, LPS coordinates."""
    prior = comparison.prior
    return {
        "study_instance_uid": prior.study_instance_uid or None,
        "series_instance_uid": prior.series_instance_uid or None,
        "study_date": prior.study_date.isoformat() if prior.study_date else None,
        "interval_days": comparison.interval_days,
        "method": comparison.method.value if comparison.method else None,
        "declined": comparison.declined or None,
        "lung_dice": None if comparison.lung_dice is None else round(comparison.lung_dice, DICE_DECIMALS),
        "resolved": [
            {
                "tracking_uid": gone.prior.tracking_uid,
                "id": gone.prior.id,
                "type": gone.prior.type.value,
                "side": gone.prior.side.value,
                "mean_diameter_mm": round(gone.prior.mean_diameter_mm, LENGTH_DECIMALS),
                "volume_mm3": round(gone.prior.volume_mm3),
                "place_lps_mm": [round(coordinate, COORDINATE_DECIMALS) for coordinate in gone.place_lps_mm],
            }
            for gone in comparison.resolved
        ],
        "warnings": list(comparison.warnings),
    }
