"""How much lung a series shows, from a few of its slices: headers name the part of the body wrongly or not at all."""

from __future__ import annotations

import numpy as np
from scipy import ndimage
from skimage.measure import block_reduce

from nodulescope.operators.dicom.pixels import read_hounsfield
from nodulescope.operators.dicom.series_geometry import SliceStack

PROBED_EVERY_MM = 20.0
"""Distance between the slices that are read: some fifteen through the lungs, whose volume they give within a few percent."""

LUNG_HU = (-940.0, -500.0)
"""Lung at any depth of breath, where noise is averaged away; air around the patient lies below."""

_BLOCK_MM = 3.0
"""Edge of the blocks that are averaged: with it series of sharp and of smooth kernels show the same lungs."""

_RIM_BLOCKS = 2
"""What is thinner than twice this many blocks (12 mm) is no lung: the rim around gas in the bowel, folds of the skin."""

_WITHIN_SLICE = ndimage.generate_binary_structure(2, 1)[..., None]


def probed_lung_ml(stack: SliceStack) -> float:
    """Estimate the volume of lung within a series, in millilitres, whatever its orientation.

    Args:
        stack: the series.

    Raises:
        InputError: a file's pixels are damaged.
    """
    step = max(1, round(PROBED_EVERY_MM / stack.spacing_mm))
    probed = stack.slices[min(step, len(stack.slices)) // 2 :: step]
    first = probed[0]
    edges = np.array([first.column_spacing_mm, first.row_spacing_mm])
    block = np.maximum(1, np.rint(_BLOCK_MM / edges)).astype(int)
    hu, _, _ = read_hounsfield(probed)
    coarse = block_reduce(hu, (int(block[0]), int(block[1]), 1), np.mean)
    within_body = ndimage.binary_fill_holes(coarse >= LUNG_HU[1], structure=_WITHIN_SLICE)  # a mattress is as dense as lung
    lung = within_body & (coarse > LUNG_HU[0]) & (coarse < LUNG_HU[1])
    lung = ndimage.binary_opening(lung, structure=_WITHIN_SLICE, iterations=_RIM_BLOCKS)
    return float(np.count_nonzero(lung) * np.prod(block * edges) * step * stack.spacing_mm / 1000.0)
