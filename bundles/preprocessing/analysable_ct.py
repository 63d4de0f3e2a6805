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

AIR_PEAK_HU = (-1100.0, -700.0)
"""Where the most frequent value of air and lung may lie. Air reads -1024 to -970 HU on calibrated scanners, and where hardly any air
surrounds the body the lungs themselves are the peak: some -900 HU in emphysema, -700 HU in expiration."""

TISSUE_PEAK_HU = (-150.0, 150.0)
"""Where the most frequent value of soft tissue may lie: fat from -120 HU on, muscle 50 HU, and 80 HU with contrast agent. A forgotten
rescale intercept moves it by about 1000, so there is no need to be narrow."""

SOFT_TISSUE_HU = (-200.0, 200.0)
"""Fat to enhanced organs: what most of a body consists of."""

MINIMUM_AIR, MINIMUM_SOFT_TISSUE = 0.005, 0.03
"""Least shares of a chest CT that are below :data:`NO_TISSUE_HU` and within :data:`SOFT_TISSUE_HU`. The scans at hand hold 36 to 76 % and
22 to 60 %; a scan cut to the lungs, or one of a small child in a large field of view, holds less of either."""

NO_TISSUE_HU = -500.0
"""Half way between air and water: what lies below is air or lung."""

DENSE_HU, MAXIMUM_DENSE = 500.0, 0.2
"""Dense bone, metal and undiluted contrast agent lie above this value and fill about 1 % of a chest; beyond a fifth it is no density."""

JUDGED_VOXELS = 32_768
"""Fewest measured voxels (32 along each axis) whose histogram has peaks to be judged."""

_SAMPLED = 128
"""Voxels along each axis that are looked at: two million values have the same peaks as a hundred million."""

_BIN_HU = 20.0


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
    np.copyto(hu, np.float32(AIR_HU), where=padding)
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
    """Refuse values that cannot be a chest CT's Hounsfield units: label maps, 8-bit pictures, normalised images, missing or doubled
    rescale intercepts, wrong slopes.

    Args:
        hu: the image's values, padding already replaced.
        padding: the replaced voxels; they are no evidence of air.
        where: file or folder, for the message.

    Raises:
        InputError: nothing was measured; no measured value lies below :data:`AIR_EVIDENCE_HU`; or, in an image large enough to have
            peaks, air is not near -1000 HU or soft tissue not near 0 to 100 HU.
    """
    every = tuple(slice(None, None, max(1, n // _SAMPLED)) for n in hu.shape)
    measured = hu[every].ravel() if padding is None else hu[every][~padding[every]]
    if not measured.size:
        raise InputError(f"{where}: every voxel is padding, nothing was measured; export the CT again")
    lowest = float(measured.min())
    if lowest > AIR_EVIDENCE_HU:
        raise InputError(
            f"{where}: its values do not look like Hounsfield units (the lowest is {lowest:g}, air is -1000): is the rescale intercept "
            "missing, or is this a label map or a normalised picture? Give the CT in Hounsfield units"
        )
    if measured.size >= JUDGED_VOXELS:
        fault = _peaks_fault(measured)
        if fault is not None:
            raise InputError(
                f"{where}: its values do not look like Hounsfield units ({fault}): is the rescale intercept or slope wrong? "
                "Export the CT again, in Hounsfield units"
            )


def _peaks_fault(measured: NDArray[np.float32]) -> str | None:
    """What is wrong with the peaks of air and tissue, or None."""
    air, tissue = measured[measured < NO_TISSUE_HU], measured[measured > SOFT_TISSUE_HU[0]]
    if air.size < MINIMUM_AIR * measured.size:
        return f"only {air.size / measured.size:.1%} of them are air or lung"
    at = _peak(air)
    if not AIR_PEAK_HU[0] <= at <= AIR_PEAK_HU[1]:
        return f"air lies at {at:.0f} instead of -1000"
    soft = np.count_nonzero(tissue <= SOFT_TISSUE_HU[1])
    if soft < MINIMUM_SOFT_TISSUE * measured.size:
        return f"only {soft / measured.size:.1%} of them are soft tissue"
    at = _peak(tissue)
    if not TISSUE_PEAK_HU[0] <= at <= TISSUE_PEAK_HU[1]:
        return f"soft tissue lies at {at:.0f} instead of 0 to 100"
    dense = np.count_nonzero(tissue > DENSE_HU) / measured.size
    return f"{dense:.0%} of them are as dense as bone" if dense > MAXIMUM_DENSE else None


def _peak(values: NDArray[np.float32]) -> float:
    """The most frequent value, to :data:`_BIN_HU`."""
    numbers, counts = np.unique(np.floor(values / _BIN_HU), return_counts=True)
    return float((numbers[counts.argmax()] + 0.5) * _BIN_HU)
