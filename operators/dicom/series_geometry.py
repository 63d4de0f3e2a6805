"""From slices in any order to one regular grid, or one line on why they form none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
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

MAXIMUM_TILT_DEG = 1.0
"""Gantry tilt that rounding explains. Beyond it the grid is sheared: resampling, measuring and overlays in viewers assume right
angles."""


@dataclass(frozen=True)
class SliceStack:
    """Slices that form a regular grid.

    Attributes:
        slices: sorted along the normal, ``k = 0`` first.
        affine_lps: 4x4 matrix from (i, j, k, 1) to LPS mm.
        duplicates: how many copies of the same image were left out.
    """

    slices: tuple[CTSlice, ...]
    affine_lps: NDArray[np.float64]
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

    File names, file order and instance numbers play no part.

    Args:
        slices: slices of one series, in any order, without localizers.
        where: what the user named, for messages.

    Raises:
        InputError: orientation, size, spacing or frame of reference is mixed; two slices share a position; a slice is missing; the
            distances are uneven; the gantry was tilted; there are fewer than ``MINIMUM_SLICES`` slices.
    """
    slices, duplicates = _without_copies(slices)
    _require_one_plane(slices, where)
    normal = slices[0].normal
    ordered = sorted(slices, key=lambda s: float(normal @ s.position))
    if len(ordered) < 2:
        raise InputError(f"{where}: a single slice is no volume, at least {MINIMUM_SLICES} are needed; name the folder of the series")
    _require_even_steps(ordered, normal, where)
    positions = np.stack([s.position for s in ordered])
    step = (positions[-1] - positions[0]) / (len(ordered) - 1)
    _require_no_tilt(step, normal, where)
    if len(ordered) < MINIMUM_SLICES:
        raise InputError(f"{where}: {len(ordered)} slices are too few, at least {MINIMUM_SLICES} are needed; name the whole series")
    first = ordered[0]
    affine = np.eye(4)
    affine[:3, 0] = first.row_direction * first.column_spacing_mm
    affine[:3, 1] = first.column_direction * first.row_spacing_mm
    affine[:3, 2] = step
    affine[:3, 3] = first.position
    return SliceStack(tuple(ordered), affine, duplicates)


def _without_copies(slices: Sequence[CTSlice]) -> tuple[list[CTSlice], int]:
    """Keep one of several files that hold the very same image (same SOP Instance UID): a copied file is no second slice."""
    unique: dict[tuple[str, int], CTSlice] = {}
    for one in slices:
        unique.setdefault((str(one.header.SOPInstanceUID), one.frame), one)
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


def _require_even_steps(ordered: Sequence[CTSlice], normal: NDArray[np.float64], where: str) -> None:
    """Refuse repeated positions, gaps and uneven distances, and say where they are."""
    along = np.asarray([float(normal @ s.position) for s in ordered])
    steps = np.diff(along)
    repeated = np.flatnonzero(steps < SAME_POSITION_MM)
    if repeated.size:
        a, b = ordered[repeated[0]], ordered[repeated[0] + 1]
        raise InputError(
            f"{where}: {repeated.size} position(s) hold more than one slice, the first at {_place(a)} "
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
    even = along[0] + np.arange(len(along)) * (along[-1] - along[0]) / (len(along) - 1)
    worst = int(np.argmax(np.abs(along - even)))
    if abs(along[worst] - even[worst]) > EVEN_SPACING_TOLERANCE * usual:
        raise InputError(
            f"{where}: its slices are not evenly spaced (steps from {steps.min():.2f} to {steps.max():.2f} mm, "
            f"worst at {_place(ordered[worst])}); give a series of one slice spacing"
        )


def _require_no_tilt(step: NDArray[np.float64], normal: NDArray[np.float64], where: str) -> None:
    """Refuse a stack whose slices do not lie straight behind each other."""
    cosine = float(step @ normal / np.linalg.norm(step))
    tilt = float(np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0))))
    if tilt > MAXIMUM_TILT_DEG:
        raise InputError(f"{where}: its slices are tilted by {tilt:.1f} degrees (gantry tilt); reconstruct or resample it without tilt")


def _place(one: CTSlice) -> str:
    """A slice's position for a message, to a hundredth of a millimetre."""
    x, y, z = one.position
    axial = abs(float(one.normal[2])) > 1 - COSINE_TOLERANCE
    return f"z = {z:.2f} mm" if axial else f"({x:.2f}, {y:.2f}, {z:.2f}) mm"


def _short(one: CTSlice) -> str:
    """A slice's file name, without its folder."""
    return f"frame {one.frame + 1}" if "NumberOfFrames" in one.header else one.path.name
