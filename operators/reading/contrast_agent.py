"""Whether a CT was made with contrast agent: as its header says, or as heart and great vessels show."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from scipy import ndimage
from skimage.measure import block_reduce

from nodulescope.bundles.coordinates import spacing_of
from nodulescope.operators.dicom.lung_probe import LUNG_HU

BLOOD_WITH_AGENT_HU = (110.0, 500.0)
"""Blood without contrast agent reads 30 to 60 HU, and liver seldom above 70; with agent, blood reads 120 HU (late portal phase) to 450 HU
(pulmonary artery at its peak)."""

POOL_RADIUS_MM = 15.0
"""Radius of a ball that a chamber of the heart holds and a vertebra, the only other part between the lungs that is as bright, does not:
thoracic vertebrae are some 30 mm wide and 25 mm high, a ventricle with its atrium measures 60 mm and more."""

_BLOCK_MM = 4.0
"""Edge of the blocks that are averaged: noise of 50 HU then shrinks to some 8 HU."""

_NO_AGENT = re.compile(r"\W*(NO|NONE|NON|WITHOUT|NIL|N/?A|0|NO CONTRAST|UNENHANCED|NATIVE|ORAL)?\W*", re.IGNORECASE)
"""What is written into Contrast/Bolus Agent where none was given into a vein."""


def agent_named(header: Dataset) -> bool:
    """Whether the header names a contrast agent (PS3.3 C.7.6.4 for classic and C.7.6.4b for enhanced images)."""
    if header.get("ContrastBolusAgentSequence"):
        routes = [str(code.get("CodeMeaning", "")) for a in header.ContrastBolusAgentSequence for code in a.get(_ROUTE, [])]
        return not routes or any("oral" not in route.lower() for route in routes)
    if "oral" in str(header.get("ContrastBolusRoute") or "").lower():
        return False
    return _NO_AGENT.fullmatch(str(header.get("ContrastBolusAgent") or "")) is None


_ROUTE = "ContrastBolusAdministrationRouteSequence"


def bright_blood_hu(hu: NDArray[np.float32], affine_lps: NDArray[np.float64]) -> float | None:
    """Density of the blood between the lungs, where it is as bright as with contrast agent.

    Nothing is segmented: averaged to blocks of about 4 mm, a place counts when lung lies to its left and right in the same slice, when it
    is as bright as enhanced blood, and when all within :data:`POOL_RADIUS_MM` is so too. Bones, calcified nodes and vessels of the lungs
    are too small for that.

    Args:
        hu: Hounsfield units, any orientation, padding replaced by air.
        affine_lps: 4x4 matrix from voxels to LPS mm.

    Returns:
        Median HU of that blood, or None where there is none.
    """
    spacing = np.asarray(spacing_of(affine_lps))
    coarse, edge = coarsened(hu, spacing, _BLOCK_MM)
    lungs = ndimage.binary_opening((coarse > LUNG_HU[0]) & (coarse < LUNG_HU[1]), iterations=1)
    across = int(np.argmax(np.abs(affine_lps[0, :3]) / spacing))  # the index axis that runs from side to side
    turned = np.moveaxis(lungs, across, 0)
    between = np.logical_or.accumulate(turned) & np.logical_or.accumulate(turned[::-1])[::-1]
    bright = np.moveaxis(between, 0, across) & (coarse > BLOOD_WITH_AGENT_HU[0]) & (coarse < BLOOD_WITH_AGENT_HU[1])
    if not bright.any():
        return None
    (box,) = ndimage.find_objects(bright.astype(np.uint8))
    # Distances run to the centre of the nearest dark block; the bright ones reach half a block less far.
    depth = ndimage.distance_transform_edt(np.pad(bright[box], 1), sampling=edge)[1:-1, 1:-1, 1:-1] - edge.min() / 2
    pool = depth >= POOL_RADIUS_MM
    return float(np.median(coarse[box][pool])) if pool.any() else None


def coarsened(hu: NDArray[np.float32], spacing_mm: NDArray[np.float64], block_mm: float) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Average a CT over blocks of about one size.

    Slices thinner than a block are not averaged but left out between, which noise allows and which spares their reading.

    Args:
        hu: Hounsfield units, shape (ni, nj, nk).
        spacing_mm: edges of a voxel.
        block_mm: edge of a block; voxels larger than it stay as they are.

    Returns:
        The blocks' means, and the edges of a block in mm. What is left over at the far borders is left out.
    """
    factor = np.clip(np.rint(block_mm / spacing_mm), 1, hu.shape).astype(int)
    thinned = hu[:, :, :: factor[2]]
    ni, nj = (n - n % f for n, f in zip(hu.shape[:2], factor[:2], strict=True))
    blocks = block_reduce(thinned[:ni, :nj], (int(factor[0]), int(factor[1]), 1), np.mean)
    return np.asarray(blocks, dtype=np.float32), factor * spacing_mm
