"""What one Series Instance UID holds: a scan, or several of them and stray images besides."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from pydicom.dataset import FileDataset

from nodulescope.bundles.errors import InputError
from nodulescope.bundles.preprocessing.analysable_ct import MINIMUM_SLICES
from nodulescope.operators.dicom.ct_slice import COSINE_TOLERANCE, MULTI_FRAME_CT, CTSlice, ct_slices, is_placed
from nodulescope.operators.dicom.series_geometry import SPACING_TOLERANCE, RepeatedPositionError, SliceStack, stack_slices

_ACQUISITION = ("AcquisitionNumber", "TemporalPositionIdentifier", "NominalPercentageOfCardiacPhase", "TriggerTime", "ConvolutionKernel")
"""Elements of which each may tell apart scans of one place: repeated acquisitions, phases, reconstructions."""


@dataclass(frozen=True)
class SeriesPart:
    """A scan within a series.

    Attributes:
        stack: its slices on their grid.
        left_out: slices and pictures of the series that do not belong to it.
    """

    stack: SliceStack
    left_out: int


def series_parts(headers: Sequence[FileDataset], where: str) -> tuple[list[SeriesPart], list[InputError]]:
    """Split a series into the scans that it holds.

    A series mostly is one scan. Some archives file others with it: localizers without their mark, reformats in other orientations,
    several acquisitions or phases of one place, screen shots. Slices are parted by multi-frame object, orientation, size and pixel
    spacing, and where slices then share a position by acquisition. Gaps are never explained away by parting.

    Args:
        headers: CT headers of one series.
        where: what the user named, and the series where there are several, for messages.

    Returns:
        Scans whose slices form a grid, and why the others form none; a part with fewer slices than a scan has is just left out.

    Raises:
        InputError: an image is malformed; there is nothing but pictures, or too few slices of any kind.
    """
    placed = [header for header in headers if is_placed(header)] or list(headers)
    slices = [one for header in placed for one in ct_slices(header)]
    if not slices:
        raise InputError(f"{where}: holds only localizers (scout views), projections or parameter maps; name the folder of a chest CT")
    total = len({(str(one.header.SOPInstanceUID), one.frame) for one in slices}) + len(headers) - len(placed)
    groups = _by_plane(slices)
    if len(groups) > 1:
        groups = [group for group in groups if len(group) >= MINIMUM_SLICES] or [slices]
    parts: list[SeriesPart] = []
    faults: list[InputError] = []
    for group in groups:
        try:
            parts.append(SeriesPart(stack := stack_slices(group, where), total - len(stack.slices)))
        except RepeatedPositionError as fault:
            phases = _phases(group, where)
            parts += [SeriesPart(stack, total - len(stack.slices)) for stack in phases]
            faults += [] if phases else [fault]
        except InputError as fault:
            faults.append(fault)
    return parts, faults


def _by_plane(slices: Sequence[CTSlice]) -> list[list[CTSlice]]:
    """Slices of one object, orientation, size and pixel spacing, in the order in which the first of each kind comes."""
    kinds: list[list[CTSlice]] = []
    for one in slices:
        for kind in kinds:
            if _alike(kind[0], one):
                kind.append(one)
                break
        else:
            kinds.append([one])
    return kinds


def _alike(a: CTSlice, b: CTSlice) -> bool:
    """Whether two slices may belong to one grid."""
    if a.size != b.size or (_object(a) != _object(b)):
        return False
    directions = np.abs([a.row_direction - b.row_direction, a.column_direction - b.column_direction])
    ratios = (a.row_spacing_mm / b.row_spacing_mm, a.column_spacing_mm / b.column_spacing_mm)
    return bool(directions.max() <= COSINE_TOLERANCE and max(abs(ratio - 1) for ratio in ratios) <= SPACING_TOLERANCE)


def _object(one: CTSlice) -> str:
    """The multi-frame object that holds a slice; single images all belong together."""
    return str(one.header.SOPInstanceUID) if one.header.SOPClassUID in MULTI_FRAME_CT else ""


def _phases(slices: Sequence[CTSlice], where: str) -> list[SliceStack]:
    """Scans of one place, told apart by the first element that leaves each with every place once; empty when none does."""
    for keyword in _ACQUISITION:
        groups = _grouped(slices, lambda one, keyword=keyword: str(one.header.get(keyword)))  # type: ignore[misc]
        if len(groups) < 2:
            continue
        try:
            stacks = [stack_slices(group, where) for group in groups if len(group) >= MINIMUM_SLICES]
        except InputError:
            continue
        if stacks:
            return stacks
    return []


def _grouped(slices: Sequence[CTSlice], key: Callable[[CTSlice], Hashable]) -> list[list[CTSlice]]:
    """Slices that share a key."""
    groups: dict[Hashable, list[CTSlice]] = {}
    for one in slices:
        groups.setdefault(key(one), []).append(one)
    return list(groups.values())
