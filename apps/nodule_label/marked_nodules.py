"""The nodules that a label marks, each with its outline, size and ratings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from nodulescope.apps.nodule_label.markups import Box, read_markups
from nodulescope.apps.nodule_label.submitted_labels import Kind, SubmittedLabel
from nodulescope.bundles.data.annotation_check.marked_voxels import MarkedVoxels, marked_voxels
from nodulescope.bundles.data.annotation_check.volume import Volume, read_volume
from nodulescope.bundles.nodule_grading.ratings import READER_RATINGS

_TOUCHING = np.ones((3, 3, 3))
"""Voxels that share a corner are one piece."""


@dataclass(frozen=True)
class MarkedNodule:
    """One nodule as one reader marked it.

    Attributes:
        number: its value in the separated label map, or its number among the boxes; from 1.
        center_lps_mm: middle of the box around it.
        size_mm: edges of that box.
        diameter_mm: of the ball with the outline's volume; of a box the mean edge.
        ratings: in the order of ``READER_RATINGS``; None where the reader gave none.
        outline: its voxels; None for a box.
    """

    number: int
    center_lps_mm: tuple[float, float, float]
    size_mm: tuple[float, float, float]
    diameter_mm: float
    ratings: tuple[float | None, ...] = ()
    outline: MarkedVoxels | None = None

    @property
    def is_rated(self) -> bool:
        """Whether the reader gave any rating."""
        return any(value is not None for value in self.ratings)


def marked_nodules(label: SubmittedLabel) -> tuple[MarkedNodule, ...]:
    """What a label of nodules or boxes marks.

    Raises:
        InputError: its file cannot be read any more.
    """
    if label.kind is Kind.BOXES:
        return tuple(_of_box(box, n, label.ratings.get(n)) for n, box in enumerate(read_markups(label.file), 1))
    return tuple(_outlined(separated(read_volume(label.file)), label.ratings))


def separated(labels: Volume) -> Volume:
    """A label map in which each nodule has its own value.

    Clients let a reader paint all nodules with one label: such a map is taken apart by connected pieces. A map of several values is taken
    at its word, even where a nodule is in pieces; the annotation rules tell then.
    """
    values = np.unique(labels.values[labels.values != 0])
    if len(values) != 1:
        return labels
    pieces, _ = ndimage.label(labels.values != 0, structure=_TOUCHING)
    return Volume(pieces, labels.affine_lps)


def rating_row(ratings: Mapping[str, float] | None) -> tuple[float | None, ...]:
    """Ratings by name in the order of ``READER_RATINGS``; empty where there are none."""
    return tuple(ratings.get(name) for name in READER_RATINGS) if ratings else ()


def _outlined(labels: Volume, ratings: Mapping[int, Mapping[str, float]]) -> Iterator[MarkedNodule]:
    places: list[tuple[slice, slice, slice] | None] = ndimage.find_objects(labels.values.astype(np.int32))
    for value, place in enumerate(places, 1):
        if place is None:
            continue
        alone = Volume((labels.values == value).astype(np.uint8), labels.affine_lps)
        corners: NDArray[np.float64] = np.array([[axis.start, axis.stop - 1] for axis in place], dtype=np.float64).T
        outline = marked_voxels(alone, (corners[0], corners[1]))
        assert outline is not None  # the place holds the value
        x, y, z, w, d, h = outline.box
        yield MarkedNodule(value, (x, y, z), (w, d, h), outline.diameter_mm, rating_row(ratings.get(value)), outline)


def _of_box(box: Box, number: int, ratings: Mapping[str, float] | None) -> MarkedNodule:
    return MarkedNodule(number, box.center_lps_mm, box.size_mm, float(np.mean(box.size_mm)), rating_row(ratings))
