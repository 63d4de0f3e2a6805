"""Reading the files of an item, with what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nodulescope.bundles.data.annotation_check.listed_item import ListedItem
from nodulescope.bundles.data.annotation_check.violation import Broken, Violation
from nodulescope.bundles.data.annotation_check.volume import Volume, read_volume
from nodulescope.bundles.data.annotation_rules import Rule
from nodulescope.bundles.errors import InputError
from nodulescope.bundles.preprocessing.analysable_ct import AIR_EVIDENCE_HU, PADDING_CEILING_HU


def read_image(item: ListedItem, violations: list[Violation]) -> Volume | None:
    """The item's image; None, with the reason among the violations, where it cannot be read."""
    if not isinstance(item.values.get("image"), str):
        violations.append(item.breaks(Rule.MALFORMED, "it must name one file under `image`"))
        return None
    image = _read(item, item.values["image"], violations)
    if image is not None and not image.is_finite():
        violations.append(item.breaks(Rule.NOT_FINITE, "the image holds NaN or infinite voxels"))
    return image


def read_labels(
    item: ListedItem, file: str, image: Volume | None, violations: list[Violation], annotation: str | None = None
) -> Volume | None:
    """A label map on the image's grid; None, with the reason among the violations, where it is none.

    Args:
        item: names the file.
        file: relative to the datalist.
        image: whose grid it must have; None where the image itself could not be read.
        violations: receives what is wrong.
        annotation: whose outline it is.
    """
    labels = _read(item, file, violations, annotation)
    if labels is None or image is None or labels.has_grid_of(image):
        return labels
    sizes = [" x ".join(str(n) for n in volume.shape) for volume in (labels, image)]
    found = f"{file} has {sizes[0]} voxels, the image {sizes[1]}" if sizes[0] != sizes[1] else f"{file} lies elsewhere than the image"
    violations.append(item.breaks(Rule.GRID_MISMATCH, found, annotation))
    return None


def scan_rules(image: Volume) -> Iterator[Broken]:
    """Rules about a whole scan."""
    slices = np.moveaxis(image.values, -1, 0)
    if not any(((values > PADDING_CEILING_HU) & (values <= AIR_EVIDENCE_HU)).any() for values in slices):  # a chest's first slice has air
        yield Rule.NOT_HOUNSFIELD, f"no value lies between {PADDING_CEILING_HU:g} and {AIR_EVIDENCE_HU:g}"
    if not image.is_axis_parallel():
        yield Rule.TURNED_GRID, "the axes of the image are turned against those of the patient"


def _read(item: ListedItem, file: str, violations: list[Violation], annotation: str | None = None) -> Volume | None:
    try:
        return read_volume(item.path(file))
    except InputError as error:
        violations.append(item.breaks(Rule.UNREADABLE, str(error), annotation))
        return None
