"""The current examination against a prior: what is new, what has grown, what has gone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import numpy as np

from nodulescope.bundles.contracts import CTVolume
from nodulescope.bundles.errors import InputError
from nodulescope.operators.examination import Acceptance, Examination, Nodule, Status
from nodulescope.operators.examination.input_facts import Point, lung_extent, patient_id, study_date
from nodulescope.operators.priors.confirmation import Look, confirm
from nodulescope.operators.priors.coverage import in_scan
from nodulescope.operators.priors.growth import doubling_time_days, lung_rads_growth, status_of_change, volume_change_percent
from nodulescope.operators.priors.lung_images import lung_images
from nodulescope.operators.priors.matching import Matches
from nodulescope.operators.priors.nodule_alignment import align_by_extent, align_by_pattern
from nodulescope.operators.priors.prior_study import PriorStudy, RecordedNodule, recorded
from nodulescope.operators.priors.registration import Method, NotRegistered, Registration, register_lungs

SPACING_NOISE_MM = 0.01
"""Positions in DICOM headers are rounded, and so are distances between slices."""

THICK_SLICE_MM = 2.5
"""Slices further apart measure volumes of small nodules poorly (Fleischner 2017 asks for 1.5 mm or less)."""

UNLIKE_SPACING = 1.5
"""Ratio of slice spacings from which a difference of the scans may pass for a change of the nodule."""


CONFIRMED_BY_PRIOR = {
    Acceptance.PRIOR: "Nodule {id}: below the operating point on its own (nodule probability {probability:.0%}); "
    "accepted because the prior knows a nodule here.",
    Acceptance.PRIOR_PLACE: "Nodule {id}: not offered by the detector (nodule probability {probability:.0%}); "
    "looked for and accepted because the prior knows a nodule here.",
}
"""What a reader must know of a nodule that only the prior confirms."""


@dataclass(frozen=True)
class ResolvedNodule:
    """A nodule of the prior that was not found in the current scan.

    Attributes:
        prior: the nodule as the prior has it.
        place_lps_mm: where it would lie in the current scan, LPS mm.
    """

    prior: RecordedNodule
    place_lps_mm: Point


@dataclass(frozen=True)
class PriorComparison:
    """What a prior says of the current examination.

    Attributes:
        prior: the prior, without its lung mask; with its scan where that is at hand, for pictures of the nodules then.
        interval_days: from the prior to the current study date; None where one of them is unknown.
        method: how the scans were brought together; None when they could not be.
        declined: why nothing was matched, one sentence; empty when nodules were matched.
        lung_dice: overlap of the lungs after registration, None without lungs of the prior.
        nodules: of the current examination as it was before the comparison, with those that only the prior confirms; empty where nothing
            was matched. Their ids are meant below.
        status: by id of the current nodule.
        entries: what ``Nodule.prior`` holds, by id of the current nodule that the prior knows.
        resolved: nodules of the prior that are gone.
        warnings: what a reader must know.
    """

    prior: PriorStudy
    interval_days: int | None
    method: Method | None
    declined: str = ""
    lung_dice: float | None = None
    nodules: tuple[Nodule, ...] = field(default=(), repr=False)
    status: Mapping[int, Status] = field(default_factory=dict)
    entries: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    resolved: tuple[ResolvedNodule, ...] = ()
    warnings: tuple[str, ...] = ()


def compare(current: Examination, prior: PriorStudy, look: Look | None = None) -> PriorComparison:
    """Compare an examination with a prior.

    The lungs are registered when the prior's scan is at hand; with its findings alone the extents of the lungs serve, or the pattern of the
    nodules. When the scans cannot be brought together every nodule stays a baseline finding, and the comparison says why.

    A nodule of the prior that no reported one matches may be a finding below the operating point, which then becomes a nodule: see
    :mod:`~nodulescope.operators.priors.confirmation`.

    Args:
        current: the examination to report.
        prior: see :func:`~nodulescope.operators.priors.prior_from_examination` and
            :func:`~nodulescope.operators.priors.read_prior_findings`.
        look: finds nodules at the places that are left. It is asked only where lungs were registered: other ways are off by centimetres.

    Raises:
        InputError: the prior is the series that is analysed itself, or it is later.
    """
    series = current.ct.source.series_instance_uid
    if series and series == prior.series_instance_uid:
        raise InputError(f"{prior.name}: the prior is the very series that is analysed; give an earlier examination")
    interval = _interval(prior.study_date, study_date(current.ct))
    if interval is not None and interval < 0:
        raise InputError(f"{prior.name}: the prior is {-interval} days later than the scan that is analysed; exchange the two")
    known = replace(prior, lungs=None)
    warnings = _warnings(current, prior, interval)
    try:
        found = _register(current, prior)
    except NotRegistered as reason:
        return PriorComparison(known, interval, None, declined=str(reason), warnings=warnings)
    places = found.to_current([n.center_lps_mm for n in prior.nodules]) if prior.nodules else np.zeros((0, 3))
    confirmed = confirm(current, prior.nodules, places, found.gate_mm, None if found.lung_dice is None else look)
    nodules, matches = confirmed.nodules, confirmed.matches
    now = tuple(recorded(nodule) for nodule in nodules)
    entries, status = _pairs(prior, now, matches, interval)
    unseen = _unseen(prior.ct, found, [now[j] for j in matches.new])
    status |= {now[j].id: Status.BASELINE if now[j].id in unseen else Status.NEW for j in matches.new}
    gone = [ResolvedNodule(prior.nodules[i], _point(places[i])) for i in matches.resolved if in_scan(current.ct, places[i])]
    return PriorComparison(
        known,
        interval,
        found.method,
        lung_dice=found.lung_dice,
        nodules=nodules,
        status=status,
        entries=entries,
        resolved=tuple(gone),
        warnings=(
            *warnings,
            *found.warnings,
            *_coverage_warnings(prior, unseen, len(matches.resolved) - len(gone)),
            *(_confirmed_warning(nodule) for nodule in nodules if nodule.acceptance is not Acceptance.OPERATING_POINT),
        ),
    )


def _interval(before: date | None, now: date | None) -> int | None:
    return None if before is None or now is None else (now - before).days


def _register(current: Examination, prior: PriorStudy) -> Registration:
    if not current.lung_mask.labels.any():
        raise NotRegistered("No lungs were found in the current scan.")
    if prior.ct is not None and prior.lungs is not None:
        if not prior.lungs.labels.any():
            raise NotRegistered("No lungs were found in the prior scan.")
        return register_lungs(lung_images(prior.ct, prior.lungs), lung_images(current.ct, current.lung_mask))
    extent = lung_extent(current.lung_mask)
    if prior.lung_extent is not None and extent is not None:
        return align_by_extent(prior.lung_extent, extent)
    return align_by_pattern(prior.nodules, [recorded(nodule) for nodule in current.nodules])


def _pairs(
    prior: PriorStudy, now: tuple[RecordedNodule, ...], matches: Matches, interval: int | None
) -> tuple[dict[int, Mapping[str, Any]], dict[int, Status]]:
    entries: dict[int, Mapping[str, Any]] = {}
    status: dict[int, Status] = {}
    for (i, j), distance in zip(matches.pairs, matches.distances_mm, strict=True):
        entries[now[j].id] = prior_entry(prior, prior.nodules[i], now[j], interval, distance)
        status[now[j].id] = status_of_change(entries[now[j].id]["volume_change_percent"])
    return entries, status


def prior_entry(prior: PriorStudy, before: RecordedNodule, now: RecordedNodule, interval: int | None, distance_mm: float) -> dict[str, Any]:
    """What ``Nodule.prior`` holds: the nodule as it was, and how it changed.

    Args:
        prior: the examination that it comes from.
        before: the nodule then.
        now: the nodule now.
        interval: days between, None where unknown.
        distance_mm: how far apart the two lie after registration.
    """
    both_solid = before.solid_diameter_mm is not None and now.solid_diameter_mm is not None
    solid = (before.solid_diameter_mm or 0.0, now.solid_diameter_mm or 0.0)
    return {
        "tracking_uid": before.tracking_uid,
        "id": before.id,
        "study_date": prior.study_date.isoformat() if prior.study_date else None,
        "interval_days": interval,
        "type": before.type.value,
        "long_axis_mm": before.long_axis_mm,
        "short_axis_mm": before.short_axis_mm,
        "mean_diameter_mm": before.mean_diameter_mm,
        "solid_diameter_mm": before.solid_diameter_mm,
        "volume_mm3": before.volume_mm3,
        "center_lps_mm": list(before.center_lps_mm),
        "lung_rads": before.lung_rads,
        "volume_change_percent": volume_change_percent(before.volume_mm3, now.volume_mm3),
        "volume_doubling_time_days": doubling_time_days(before.volume_mm3, now.volume_mm3, interval),
        "mean_diameter_change_mm": now.mean_diameter_mm - before.mean_diameter_mm,
        "solid_diameter_change_mm": solid[1] - solid[0] if both_solid else None,
        "lung_rads_growth": lung_rads_growth(before.mean_diameter_mm, now.mean_diameter_mm, interval),
        "solid_lung_rads_growth": lung_rads_growth(*solid, interval) if both_solid else None,
        "registration_distance_mm": distance_mm,
    }


def _unseen(prior_ct: CTVolume | None, found: Registration, nodules: list[RecordedNodule]) -> set[int]:
    """Ids of the nodules that lie where the prior did not scan."""
    if prior_ct is None or not nodules:
        return set()
    places = found.to_prior([nodule.center_lps_mm for nodule in nodules])
    return {nodule.id for nodule, place in zip(nodules, places, strict=True) if not in_scan(prior_ct, place)}


def _point(place: np.ndarray) -> Point:
    x, y, z = (float(coordinate) for coordinate in place)
    return x, y, z


def _warnings(current: Examination, prior: PriorStudy, interval: int | None) -> tuple[str, ...]:
    warnings = []
    own = patient_id(current.ct)
    if own and prior.patient_id and own != prior.patient_id:
        warnings.append("The prior carries another patient ID than the current scan: make sure that both show the same patient.")
    if interval is None:
        warnings.append("The study date of the prior or of the current scan is not known: no doubling time is given.")
    elif interval == 0:
        warnings.append("The prior is from the same day: no doubling time is given.")
    spacings = [prior.slice_spacing_mm, max(current.ct.spacing_mm)]
    if max(spacings) > THICK_SLICE_MM + SPACING_NOISE_MM:
        warnings.append(f"One of the scans has voxels of {max(spacings):.1f} mm: changes of volume are uncertain.")
    if min(spacings) > 0 and max(spacings) / min(spacings) > UNLIKE_SPACING:
        warnings.append(
            f"The slices of prior and current scan lie {spacings[0]:.1f} and {spacings[1]:.1f} mm apart: part of a change may be due to it."
        )
    if not (prior.fully_covered and current.lungs.fully_covered):
        warnings.append("One of the scans does not cover the whole lungs: their registration is less certain.")
    return tuple(warnings)


def _confirmed_warning(nodule: Nodule) -> str:
    return CONFIRMED_BY_PRIOR[nodule.acceptance].format(id=nodule.id, probability=nodule.grade.probability)


def _coverage_warnings(prior: PriorStudy, unseen: set[int], outside: int) -> tuple[str, ...]:
    warnings = []
    if unseen:
        ids = ", ".join(str(number) for number in sorted(unseen))
        warnings.append(f"Nodule {ids}: outside the prior scan, so that it cannot be called new.")
    if outside:
        warnings.append(f"{outside} of {len(prior.nodules)} nodules of the prior lie outside the current scan and were not looked for.")
    return tuple(warnings)
