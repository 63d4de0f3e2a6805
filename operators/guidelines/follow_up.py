"""A nodule beside what it was in the prior examination."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from nodulescope.operators.examination.nodule import Nodule, NoduleType, Status
from nodulescope.operators.guidelines.features import DECIMALS, Size

MONTH_DAYS = 365.25 / 12

APPOINTMENT_TOLERANCE_DAYS = 14
"""A follow-up seldom takes place on the day: two weeks less or more still count as the interval. Own choice; guidelines name none."""


class PriorComparison(Protocol):
    """What guidelines must know of the prior examination that the nodules were compared with."""

    @property
    def interval_days(self) -> float | None:
        """Days from the prior examination to this one; None where a date is missing."""


@dataclass(frozen=True)
class Earlier:
    """A nodule in the prior examination; what is not known is None.

    Attributes:
        status: what became of it since.
        size: type and diameters then; the type is today's where the prior does not tell its own.
        type_known: whether the prior tells its own type.
        lung_rads: its Lung-RADS category then.
        interval_days: days since.
        volume_change_percent: change of its volume since.
        volume_doubling_time_days: its volume doubling time.
    """

    status: Status
    size: Size | None
    type_known: bool
    lung_rads: str | None
    interval_days: float | None
    volume_change_percent: float | None
    volume_doubling_time_days: float | None

    def has_reached(self, months: float) -> bool:
        """Whether at least so many months lie between the two examinations; False where the time is not known."""
        return self.interval_days is not None and self.interval_days >= months * MONTH_DAYS - APPOINTMENT_TOLERANCE_DAYS


def earlier(nodule: Nodule, prior_compared: PriorComparison | None) -> Earlier | None:
    """What is known of a nodule's past; None for a new nodule and for one that nothing was compared with.

    Args:
        nodule: with its ``status`` and ``prior``.
        prior_compared: the prior examination, or None.
    """
    if nodule.status in (Status.BASELINE, Status.NEW):
        return None
    prior: Mapping[str, Any] = nodule.prior or {}
    interval = prior.get("interval_days")
    if interval is None and prior_compared is not None:
        interval = prior_compared.interval_days
    return Earlier(
        status=nodule.status,
        size=_size(prior, nodule.type),
        type_known=prior.get("type") is not None,
        lung_rads=prior.get("lung_rads"),
        interval_days=None if interval is None else float(interval),
        volume_change_percent=prior.get("volume_change_percent"),
        volume_doubling_time_days=prior.get("volume_doubling_time_days"),
    )


def _size(prior: Mapping[str, Any], type_now: NoduleType) -> Size | None:
    mean, solid = prior.get("mean_diameter_mm"), prior.get("solid_diameter_mm")
    if mean is None:
        return None
    kind = NoduleType(prior.get("type") or type_now)
    kind = NoduleType.SOLID if kind is NoduleType.CALCIFIED else kind
    return Size(kind, round(float(mean), DECIMALS), None if solid is None else round(float(solid), DECIMALS))
