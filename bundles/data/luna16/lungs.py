"""The lung labels that LUNA16 publishes (``seg-lungs-LUNA16``): an automatic method's, checked by nobody."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk  # noqa: N813 - the name that its own documentation uses

from nodulescope.bundles.contracts import LEFT_LUNG, RIGHT_LUNG, LungMask
from nodulescope.bundles.errors import InputError

LUNG_LABELS = (3, 4)
"""The two lungs; the windpipe is 5. Which of them is the left one is taken from where they lie, as LUNA16 does not say."""


def read_published_lungs(path: Path) -> LungMask:
    """Read one scan's lung labels, on their own grid in the patient coordinates of the scan (LPS mm).

    Raises:
        InputError: unreadable, or one of the lungs is missing.
    """
    reader: Any = sitk.ImageFileReader()  # type: ignore[no-untyped-call]  # SimpleITK ships no types
    reader.SetImageIO("MetaImageIO")
    reader.SetFileName(str(path))
    try:
        image = reader.Execute()
    except RuntimeError as error:
        raise InputError(f"{path}: cannot be read as MetaImage (missing, truncated or damaged); unpack it again") from error
    published = sitk.GetArrayFromImage(image).transpose(2, 1, 0)
    affine = np.eye(4)
    affine[:3, :3] = np.asarray(image.GetDirection()).reshape(3, 3) * np.asarray(image.GetSpacing())
    affine[:3, 3] = image.GetOrigin()
    places = [np.argwhere(published == label) for label in LUNG_LABELS]
    if not all(len(place) for place in places):
        raise InputError(f"{path}: has no voxels of label {' or '.join(str(label) for label in LUNG_LABELS)}, one for each lung")
    # The patient's left is where x grows (LPS).
    first_is_left = float(affine[0, :3] @ (places[0].mean(axis=0) - places[1].mean(axis=0))) > 0
    labels = np.zeros(published.shape, np.uint8)
    for place, is_left in zip(places, (first_is_left, not first_is_left), strict=True):
        labels[tuple(place.T)] = LEFT_LUNG if is_left else RIGHT_LUNG
    return LungMask(labels, affine, fully_covered=not labels[:, :, [0, -1]].any())
