"""One annotated place of an item, with its outlines."""

from __future__ import annotations

from dataclasses import dataclass, field

from nodulescope.bundles.data.annotation import NoduleAnnotation
from nodulescope.bundles.data.annotation_check.marked_voxels import MarkedVoxels


@dataclass(frozen=True)
class Place:
    """What an item marks at one place.

    Attributes:
        annotation: the finding; made up from the box, or from a cube's outline, where the item has nothing else.
        box_class: what the box counts for; None for the places of cubes.
        described: whether the item itself gives the annotation: a diameter that was made up from a box proves no mistake.
        outline: the readers' consensus; None where there is none.
        reader_outlines: each reader's own.
    """

    annotation: NoduleAnnotation
    box_class: int | None = None
    described: bool = True
    outline: MarkedVoxels | None = None
    reader_outlines: tuple[MarkedVoxels, ...] = field(default=(), repr=False)
