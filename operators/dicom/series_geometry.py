"""From slices in any order to one regular grid, or one line on why they form none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from highdicom.spatial import get_volume_positions
from numpy.typing import NDArray

from nodulescope.bundles.errors import InputError
from nodulescope.bundles.preprocessing.analysable_ct import MINIMUM_SLICES
from nodulescope.operators.dicom.ct_slice import COSINE_TOLERANCE, CTSlice

SAME_POSITION_MM = 0.01
"""Slices closer than this lie at the same place; the thinnest CT slices are some 0.1 mm apart."""

SPACING_TOLERANCE = 1e-3
"""Relative difference of pixel spacings that counts as rounding: half a millimetre across a 500 mm field of view."""

GAP_FACTOR = 1.5
"""A step longer than this many usual steps hides a missing slice."""

EVEN_SPACING_TOLERANCE = 0.1
"""How far a slice may lie from its place on the even grid, in slice steps. Scanners round positions to as little as 0.1 mm, which is
0.05 mm of error in steps from 0.5 mm on; a tenth of a 2.5 mm step displaces a finding by a quarter of a millimetre."""

STRAIGHT_WITHIN_PX = 0.5
"""How far slices may lie beside the line through the first and the last, and how far a stack may lean in all, in pixels: less than that
is rounding, and no pixel of another row is nearer."""

MAXIMUM_TILT_DEG = 31.0
"""Gantries tilt by at most 30 degrees, and rounding adds to it; slices that lean further are no scan of one gantry."""


class RepeatedPositionError(InputError):
    """Several slices lie at one place: they may be the phases or acquisitions of one series."""


@dataclass(frozen=True)
class SliceStack:
    """Slices that form a regular grid.

    Attributes:
        slices: sorted along the normal, ``k = 0`` first.
        affine_lps: 4x4 matrix from (i, j, k, 1) to LPS mm; its axes are at right angles.
        size: number of columns (along i) and rows (along j) of the grid.
        offsets_px: shape (nk, 2): where a slice's own first pixel lies on the grid (i, j). None where every slice has the grid's size and
            lies straight behind the first; otherwise the gantry was tilted, and the slices are to be shifted by
            :func:`~nodulescope.operators.dicom.gantry_tilt.straighten`.
        tilt_deg: angle between the slices' normal and the line along which they were taken.
        duplicates: how many copies of the same image were left out.
    """

    slices: tuple[CTSlice, ...]
    affine_lps: NDArray[np.float64]
    size: tuple[int, int]
    offsets_px: NDArray[np.float64] | None = None
    tilt_deg: float = 0.0
    duplicates: int = 0

    @property
    def spacing_mm(self) -> float:
        """Distance between slices."""
        return float(np.linalg.norm(self.affine_lps[:3, 2]))

    @property
    def coverage_mm(self) -> float:
        """Length of the patient that the slices cover."""
        return self.spacing_mm * len(self.slices)


def stack_slices(slices: Sequence[CTSlice], where: str) -> SliceStack:
    """Sort slices by position along their normal and check that they form one regular grid.

    File names, file order and instance numbers play no part. Slices of a tilted gantry form a sheared grid; the grid that is returned
    then is the upright one that holds them all.

    Args:
        slices: slices of one series, in any order, without localizers.
        where: what the user named, for messages.

    Raises:
        RepeatedPositionError: two slices share a position.
        InputError: orientation, size, spacing or frame of reference is mixed; a slice is missing or lies aside; the distances are uneven;
            the slices lean further than a gantry; there are fewer than ``MINIMUM_SLICES`` slices.
    """
    slices, duplicates = _without_copies(slices, where)
    _require_one_plane(slices, where)
    normal = slices[0].normal
    ordered = sorted(slices, key=lambda s: float(normal @ s.position))
    if len(ordered) < 2:
        raise InputError(f"{where}: a single slice is no volume, at least {MINIMUM_SLICES} are needed; name the folder of the series")
    step = _even_step(ordered, normal, where)
    tilt = _tilt_deg(ordered, normal, where)
    beside = _beside_first(ordered, where)
    if len(ordered) < MINIMUM_SLICES:
        raise InputError(f"{where}: {len(ordered)} slices are too few, at least {MINIMUM_SLICES} are needed; name the whole series")
    first = ordered[0]
    affine = np.eye(4)
    affine[:3, 0] = first.row_direction * first.column_spacing_mm
    affine[:3, 1] = first.column_direction * first.row_spacing_mm
    affine[:3, 2] = normal * step
    affine[:3, 3] = first.position
    if float(np.abs(beside).max()) <= STRAIGHT_WITHIN_PX:
        return SliceStack(tuple(ordered), affine, first.size, tilt_deg=tilt, duplicates=duplicates)
    affine[:3, 3] += affine[:3, :2] @ beside.min(axis=0)
    offsets = beside - beside.min(axis=0)
    columns, rows = (n + int(np.ceil(farthest)) for n, farthest in zip(first.size, offsets.max(axis=0), strict=True))
    return SliceStack(tuple(ordered), affine, (columns, rows), offsets, tilt, duplicates)


def _without_copies(slices: Sequence[CTSlice], where: str) -> tuple[list[CTSlice], int]:
    """Keep one of several files that hold the very same image (same SOP Instance UID): a copied file is no second slice.

    Raises:
        InputError: two images at different places carry one SOP Instance UID; which one is meant cannot be known.
    """
    unique: dict[tuple[str, int], CTSlice] = {}
    for one in slices:
        kept = unique.setdefault((str(one.header.SOPInstanceUID), one.frame), one)
        if float(np.linalg.norm(kept.position - one.position)) > SAME_POSITION_MM:
            raise InputError(
                f"{where}: two different images carry the same SOP Instance UID, one at {_place(kept)} ({_short(kept)}) and one at "
                f"{_place(one)} ({_short(one)}); export the series again"
            )
    return list(unique.values()), len(slices) - len(unique)


def _require_one_plane(slices: Sequence[CTSlice], where: str) -> None:
    """Every slice must lie parallel to the others, on the same pixel grid and in the same frame of reference."""
    first = slices[0]
    for other in slices[1:]:
        pair = f"compare {first.path.name} with {other.path.name}; give one acquisition only"
        directions = np.abs([first.row_direction - other.row_direction, first.column_direction - other.column_direction])
        if directions.max() > COSINE_TOLERANCE:
            raise InputError(f"{where}: its slices have different orientations: {pair}")
        if first.size != other.size:
            raise InputError(f"{where}: its slices have different numbers of rows or columns: {pair}")
        ratios = (other.row_spacing_mm / first.row_spacing_mm, other.column_spacing_mm / first.column_spacing_mm)
        if max(abs(ratio - 1) for ratio in ratios) > SPACING_TOLERANCE:
            raise InputError(f"{where}: its slices have different pixel spacings: {pair}")
    frames = Counter(str(s.header.get("FrameOfReferenceUID", "")) for s in slices)
    if len(frames) > 1:
        raise InputError(
            f"{where}: its slices have {len(frames)} frames of reference, so their positions cannot be compared; give one acquisition only"
        )


def _even_step(ordered: Sequence[CTSlice], normal: NDArray[np.float64], where: str) -> float:
    """The distance between slices in mm; repeated positions, gaps and uneven distances are refused, and the message says where.

    Whether the slices are evenly spaced is highdicom's judgement; what lies beside the normal is judged by :func:`_beside_first`.
    """
    along = np.asarray([float(normal @ s.position) for s in ordered])
    steps = np.diff(along)
    repeated = np.flatnonzero(steps < SAME_POSITION_MM)
    if repeated.size:
        a, b = ordered[repeated[0]], ordered[repeated[0] + 1]
        positions = repeated.size - np.count_nonzero(np.diff(repeated) == 1)  # three slices at one place are two repeated steps
        raise RepeatedPositionError(
            f"{where}: {positions} position(s) hold more than one slice, the first at {_place(a)} "
            f"({_short(a)} and {_short(b)}); give one acquisition or phase only"
        )
    usual = float(np.median(steps))
    gaps = np.flatnonzero(steps > GAP_FACTOR * usual)
    if gaps.size:
        k = int(gaps[0])
        missing = max(round(float(steps[k]) / usual) - 1, 1)
        raise InputError(
            f"{where}: {missing} slice(s) missing between {_place(ordered[k])} and {_place(ordered[k + 1])} "
            f"(a step of {steps[k]:.2f} mm where {usual:.2f} mm is usual); fetch the whole series"
        )
    mean = float(along[-1] - along[0]) / (len(along) - 1)
    _, places = get_volume_positions(
        (along - along[0])[:, None] * normal,
        [*ordered[0].row_direction, *ordered[0].column_direction],
        rtol=EVEN_SPACING_TOLERANCE,
        allow_missing_positions=True,  # with it, places are compared with the even grid, without it, neighbours with each other
        spacing_hint=mean,
        index_convention="RD",  # i along columns, j along rows, so that k grows with our normal
    )
    if places != list(range(len(ordered))):
        worst = int(np.argmax(np.abs(along - along[0] - mean * np.arange(len(along)))))
        raise InputError(
            f"{where}: its slices are not evenly spaced (steps from {steps.min():.2f} to {steps.max():.2f} mm, "
            f"worst at {_place(ordered[worst])}); give a series of one slice spacing"
        )
    return mean


def _tilt_deg(ordered: Sequence[CTSlice], normal: NDArray[np.float64], where: str) -> float:
    """Angle between the slices' normal and the line from the first to the last slice."""
    line = ordered[-1].position - ordered[0].position
    tilt = float(np.degrees(np.arccos(np.clip(line @ normal / np.linalg.norm(line), -1.0, 1.0))))
    if tilt > MAXIMUM_TILT_DEG:
        raise InputError(
            f"{where}: its slices lean by {tilt:.1f} degrees, more than a gantry tilts (30 degrees): their positions are wrong; "
            "reconstruct the series again"
        )
    return tilt


def _beside_first(ordered: Sequence[CTSlice], where: str) -> NDArray[np.float64]:
    """How many pixels (i, j) each slice lies beside the place straight behind the first slice, shape (nk, 2).

    Raises:
        InputError: a slice lies aside from the line that the others follow.
    """
    first = ordered[0]
    shift = np.stack([s.position for s in ordered]) - first.position
    beside = np.stack(
        [shift @ first.row_direction / first.column_spacing_mm, shift @ first.column_direction / first.row_spacing_mm], axis=1
    )
    line = np.linspace(0, 1, len(ordered))[:, None] * beside[-1]
    aside = np.linalg.norm(beside - line, axis=1)
    worst = int(aside.argmax())
    if aside[worst] > STRAIGHT_WITHIN_PX:
        raise InputError(
            f"{where}: its slices do not lie in one line: the one at {_place(ordered[worst])} ({_short(ordered[worst])}) lies "
            f"{aside[worst]:.1f} pixels aside; give one reconstruction only"
        )
    return np.asarray(beside)


def _place(one: CTSlice) -> str:
    """A slice's position for a message, to a hundredth of a millimetre."""
    x, y, z = one.position
    axial = abs(float(one.normal[2])) > 1 - COSINE_TOLERANCE
    return f"z = {z:.2f} mm" if axial else f"({x:.2f}, {y:.2f}, {z:.2f}) mm"


def _short(one: CTSlice) -> str:
    """A slice's file name, without its folder."""
    return f"frame {one.frame + 1}" if "NumberOfFrames" in one.header else one.path.name
