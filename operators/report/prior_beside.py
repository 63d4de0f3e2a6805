"""A nodule in the prior beside the same nodule now: numbers, and pictures where the prior's scan is at hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nodulescope.bundles.contracts import CTVolume
from nodulescope.operators.examination import Measurements, Nodule, Status
from nodulescope.operators.report import number_text
from nodulescope.operators.report.messages import Messages
from nodulescope.operators.report.pictures import cut, to_levels
from nodulescope.operators.report.planes import Plane
from nodulescope.operators.report.stack import TILE_PIXELS, Stack, field_of_view_mm


@dataclass(frozen=True)
class PriorRow:
    """One quantity then and now; ``change`` is empty where a difference says nothing."""

    name: str
    then: str
    now: str
    change: str


@dataclass(frozen=True)
class PriorBeside:
    """The comparison of one nodule.

    Attributes:
        date: of the prior, empty where unknown.
        rows: quantities.
        sentences: how far apart the examinations are, and what the doubling time is.
        tiles: stored grey levels of the prior around the nodule's place then, one tile per slice of the current stack and at the same
            distance from the centre, shape (count, pixels, pixels); None without the prior's scan.
    """

    date: str
    rows: tuple[PriorRow, ...]
    sentences: tuple[str, ...]
    tiles: NDArray[np.uint8] | None


def prior_beside(nodule: Nodule, stack: Stack, prior_ct: CTVolume | None, t: Messages) -> PriorBeside | None:
    """Put a nodule's prior beside it.

    Args:
        nodule: the nodule.
        stack: its slices now.
        prior_ct: the prior's scan, in its own patient coordinates, or None.
        t: the language.

    Returns:
        None for a nodule that the prior does not know.
    """
    prior = nodule.prior
    if prior is None:
        return None
    tiles = None if prior_ct is None or not prior.get("center_lps_mm") else prior_tiles(prior_ct, prior["center_lps_mm"], nodule, stack)
    sentences = (*_sentences(nodule.status, prior, t), *((t("prior.no_picture"),) if tiles is None else ()))
    return PriorBeside(prior.get("study_date") or "", _rows(nodule, prior, t), sentences, tiles)


def prior_tiles(prior_ct: CTVolume, center_lps_mm: tuple[float, float, float], nodule: Nodule, stack: Stack) -> NDArray[np.uint8]:
    """Cut the prior as the current scan was cut, around the nodule's centre then.

    Args:
        prior_ct: the prior's scan.
        center_lps_mm: the nodule in it, LPS mm of that scan.
        nodule: the nodule now.
        stack: its slices now.

    Returns:
        Stored grey levels, shape (count, pixels, pixels).
    """
    x, y, z = center_lps_mm
    heights = stack.grid.z_mm
    first = z + heights[0] - nodule.measurements.center_lps_mm[2]
    step = heights[1] - heights[0] if len(heights) > 1 else 0.0
    plane = Plane("axial", (x, y, first), field_of_view_mm(nodule), TILE_PIXELS)
    return to_levels(cut(prior_ct, plane, step, len(heights)))


def _rows(nodule: Nodule, prior: Mapping[str, Any], t: Messages) -> tuple[PriorRow, ...]:
    now = nodule.measurements
    rows = [_length("nodule.mean", prior.get("mean_diameter_mm"), now.mean_diameter_mm, t), _axes(prior, now, t)]
    then_volume, change = prior.get("volume_mm3"), prior.get("volume_change_percent")
    rows.append(
        PriorRow(
            t("nodule.volume"),
            "–" if then_volume is None else t("unit.mm3", value=number_text.cubic_millimetres(then_volume)),
            t("unit.mm3", value=number_text.cubic_millimetres(now.volume_mm3)),
            "" if change is None else t("unit.percent", value=number_text.signed(change, 0)),
        )
    )
    if now.solid_diameter_mm is not None or prior.get("solid_diameter_mm") is not None:
        rows.append(_length("nodule.solid", prior.get("solid_diameter_mm"), now.solid_diameter_mm, t))
    if prior.get("type") is not None:
        rows.append(PriorRow(t("nodule.type"), t.name_of("type", prior["type"]), t(f"type.{nodule.type}"), ""))
    return tuple(rows)


def _length(key: str, then: float | None, now: float | None, t: Messages) -> PriorRow:
    # The change is that of the printed numbers: whoever subtracts them finds the same, and guidelines go by them.
    change = "" if then is None or now is None else t("unit.mm", value=number_text.signed(round(now, 1) - round(then, 1), 1))
    return PriorRow(t(key), _millimetres(then, t), _millimetres(now, t), change)


def _axes(prior: Mapping[str, Any], now: Measurements, t: Messages) -> PriorRow:
    mm = number_text.millimetres
    long, short = prior.get("long_axis_mm"), prior.get("short_axis_mm")
    then = "–" if long is None or short is None else t("unit.mm_pair", long=mm(long), short=mm(short))
    return PriorRow(t("nodule.axes"), then, t("unit.mm_pair", long=mm(now.long_axis_mm), short=mm(now.short_axis_mm)), "")


def _millimetres(value: float | None, t: Messages) -> str:
    return "–" if value is None else t("unit.mm", value=number_text.millimetres(value))


def _sentences(status: Status, prior: Mapping[str, Any], t: Messages) -> tuple[str, ...]:
    days, doubling = prior.get("interval_days"), prior.get("volume_doubling_time_days")
    apart = t("prior.no_interval") if days is None else t("prior.interval", days=days)
    if doubling is not None:
        return apart, t("prior.doubling", days=number_text.fixed(doubling, 0))
    if status is Status.SHRINKING:
        return apart, t("prior.shrinking")
    if status is Status.STABLE:
        return apart, t("prior.within_error")
    return (apart, t("prior.no_doubling")) if days is None else (apart,)
