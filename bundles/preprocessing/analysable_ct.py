"""Which images count as a chest CT that can be analysed, and which of their voxels were measured; the same rules for every file
format.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nodulescope.bundles.contracts.ct_volume import AIR_HU
from nodulescope.bundles.errors import InputError

MINIMUM_SLICES = 10
"""Fewest voxels along any axis. Ten slices of the coarsest diagnostic protocol (10 mm) cover 100 mm, about a third of the lungs;
anything with fewer is a localizer, bolus tracking, a biopsy control or a spot check, and holds no volume in which a nodule could be
followed."""

PADDING_CEILING_HU = -1500.0
"""Values at or below were never measured, declared or not. Air is -1000 HU by definition and noise of sharp thin reconstructions stays
within a few hundred units of it, while padding of LIDC-IDRI reads -2048 and -3024 HU and is declared wrongly or not at all in part of
its scans."""

AIR_EVIDENCE_HU = -200.0
"""A chest CT in Hounsfield units holds air (-1000 HU) and lung (about -850 HU): an image without one value below this limit is no such
image."""


def replace_padding(hu: NDArray[np.float32], declared: NDArray[np.bool_] | None = None) -> NDArray[np.bool_] | None:
    """Replace what was never measured by :data:`AIR_HU`, in place.

    Args:
        hu: Hounsfield units, any shape; changed in place.
        declared: voxels that the file itself declares as padding, same shape.

    Returns:
        Mask of the replaced voxels, or None when every voxel was measured.
    """
    padding = hu <= PADDING_CEILING_HU
    if declared is not None:
        padding |= declared
    if not padding.any():
        return None
    hu[padding] = AIR_HU
    return padding


def require_volume(shape: tuple[int, ...], where: str) -> None:
    """Refuse pictures and slabs.

    Raises:
        InputError: the image has not three dimensions, or fewer than :data:`MINIMUM_SLICES` voxels along one of them.
    """
    if len(shape) != 3:
        raise InputError(f"{where}: a CT has three dimensions, this image has {len(shape)}; name a volume")
    if min(shape) < MINIMUM_SLICES:
        size = " x ".join(str(n) for n in shape)
        raise InputError(f"{where}: {size} voxels are too few: at least {MINIMUM_SLICES} along each axis are needed; name the whole volume")


def require_hounsfield_units(hu: NDArray[np.float32], padding: NDArray[np.bool_] | None, where: str) -> None:
    """Refuse values that cannot be a chest CT's Hounsfield units: label maps, 8-bit pictures, normalised images, missing rescale
    intercepts.

    Args:
        hu: the image's values, padding already replaced.
        padding: the replaced voxels; they are no evidence of air.
        where: file or folder, for the message.

    Raises:
        InputError: nothing was measured, or no measured value lies below :data:`AIR_EVIDENCE_HU`.
    """
    if padding is not None and bool(padding.all()):
        raise InputError(f"{where}: every voxel is padding, nothing was measured; export the CT again")
    lowest = float(hu.min() if padding is None else hu.min(where=~padding, initial=np.float32(np.inf)))
    if lowest > AIR_EVIDENCE_HU:
        raise InputError(
            f"{where}: its values do not look like Hounsfield units (the lowest is {lowest:g}, air is -1000): is the rescale intercept "
            "missing, or is this a label map or a normalised picture? Give the CT in Hounsfield units"
        )
