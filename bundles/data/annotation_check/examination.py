"""An item with its files, and all rules that it breaks."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from nodulescope.bundles.data.annotation_check.cube_examination import examine_cube
from nodulescope.bundles.data.annotation_check.listed_item import ListedItem
from nodulescope.bundles.data.annotation_check.place import Place
from nodulescope.bundles.data.annotation_check.scan_examination import examine_scan
from nodulescope.bundles.data.annotation_check.split_rules import split_violations
from nodulescope.bundles.data.annotation_check.violation import Violation
from nodulescope.bundles.data.annotation_check.volume import Volume
from nodulescope.bundles.data.annotation_rules import LEAST_READERS

MOST_WORKERS = 4
"""Scans that are read at the same time: each takes some 150 MB, and reading is mostly decompressing."""


@dataclass(frozen=True)
class Examined:
    """An item, loaded and checked.

    Attributes:
        item: as the datalist has it.
        places: what it marks, with outlines.
        violations: every rule that it, or one of its annotations, breaks.
        image: the CT; None where it cannot be read.
        lungs: the lung labels; None where there are none.
    """

    item: ListedItem
    places: tuple[Place, ...]
    violations: tuple[Violation, ...]
    image: Volume | None = field(repr=False)
    lungs: Volume | None = field(repr=False)

    def violations_of(self, annotation: str) -> tuple[Violation, ...]:
        """What one annotation breaks, then what the item as a whole breaks."""
        own = [violation for violation in self.violations if violation.annotation == annotation]
        return (*own, *(violation for violation in self.violations if violation.annotation is None))


def examine(item: ListedItem, *, least_readers: int | None = LEAST_READERS) -> Examined:
    """Load an item's files and hold it against the rules that need no other item.

    Args:
        item: a whole scan or a cube.
        least_readers: agreement that makes a finding a nodule; None where every annotation counts.
    """
    if item.is_cube:
        places, violations, image = examine_cube(item)
        return Examined(item, tuple(places), tuple(violations), image, None)
    places, violations, image, lungs = examine_scan(item, least_readers)
    return Examined(item, tuple(places), tuple(violations), image, lungs)


def examine_all(items: Sequence[ListedItem], *, least_readers: int | None = LEAST_READERS) -> Iterator[Examined]:
    """Examine the items of a datalist, a few at a time, and the split that they make.

    Args:
        items: all of them, as :func:`~nodulescope.bundles.data.annotation_check.list_items` gives them.
        least_readers: see :func:`examine`.

    Yields:
        The items in their order; only those that are being read are held in memory.
    """
    workers = min(MOST_WORKERS, os.cpu_count() or 1)
    with ThreadPoolExecutor(workers) as pool:
        waiting: deque[Future[Examined]] = deque()
        for number, across in enumerate(split_violations(items)):
            waiting.append(pool.submit(_examine_with, items[number], across, least_readers))
            if len(waiting) >= workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _examine_with(item: ListedItem, across: Sequence[Violation], least_readers: int | None) -> Examined:
    found = examine(item, least_readers=least_readers)
    return Examined(item, found.places, (*across, *found.violations), found.image, found.lungs)
