"""Readers' marks of the same nodule, brought together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from nodulescope.bundles.data.lidc.markings import NoduleMark, ScanMarkings
from nodulescope.bundles.data.lidc.regions import Region, box_around, region_of


@dataclass(frozen=True)
class MarkedNodule:
    """One nodule as one or several readers marked it.

    Attributes:
        marks: the readers' marks, at least one. A reader may have drawn a nodule in two parts.
        regions: the voxels of each mark.
    """

    marks: tuple[NoduleMark, ...]
    regions: tuple[Region, ...] = field(repr=False)

    @property
    def readers(self) -> tuple[int, ...]:
        """Numbers of the readers who marked it."""
        return tuple(sorted({mark.reader for mark in self.marks}))

    def region(self, reader: int) -> Region:
        """All that one reader counts as this nodule."""
        return union([region for mark, region in zip(self.marks, self.regions, strict=True) if mark.reader == reader])

    def ratings(self, reader: int) -> tuple[float | None, ...]:
        """One reader's ratings: those of the largest mark, where there are several."""
        own = [(mark, region) for mark, region in zip(self.marks, self.regions, strict=True) if mark.reader == reader]
        return max(own, key=lambda pair: int(pair[1].inside.sum()))[0].ratings


def marked_nodules(markings: ScanMarkings, slices: Mapping[str, int]) -> tuple[MarkedNodule, ...]:
    """Group all marks of a scan into nodules, by overlap of what they enclose.

    Two marks that share a voxel show the same nodule, and so do two marks that a third one joins. Nothing else is needed: no distance, no
    size, no count of readers. On LIDC-IDRI this gives 99.8 % of the groups that the collection's list of nodule sizes names.

    Args:
        markings: the scan's marks.
        slices: number of each slice by its UID; where there are no images,
            :func:`~nodulescope.bundles.data.lidc.regions.slices_by_position` gives them.

    Returns:
        The nodules in the order of their first marks.
    """
    regions = [region_of(mark, slices) for mark in markings.nodules]
    groups: dict[int, list[int]] = {}
    for number, label in enumerate(overlapping_groups(regions)):
        groups.setdefault(label, []).append(number)
    return tuple(MarkedNodule(tuple(markings.nodules[n] for n in group), tuple(regions[n] for n in group)) for group in groups.values())


def overlapping_groups(regions: Sequence[Region]) -> list[int]:
    """A group's number for each region; regions that share a voxel, directly or through others, are one group."""
    if not regions:
        return []
    pairs = [(a, b) for a, b in combinations(range(len(regions)), 2) if regions[a].overlaps(regions[b])]
    first, second = np.array(pairs, dtype=np.intp).reshape(-1, 2).T
    graph = csr_array((np.ones(len(pairs), np.int8), (first, second)), shape=(len(regions),) * 2)
    return [int(label) for label in connected_components(graph, directed=False)[1]]


def union(regions: Sequence[Region]) -> Region:
    """The voxels of any of the regions."""
    start, stop = box_around(regions)
    return Region((start[0], start[1], start[2]), np.any([region.within(start, stop) for region in regions], axis=0))
