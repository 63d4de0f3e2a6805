"""Overlapping windows for scans that do not fit into memory at once."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import torch
from monai.inferers import SlidingWindowInferer

from nodulescope.bundles.errors import UsageError

EDGE_MULTIPLE = 64
"""Windows advance by three quarters of their edge; this makes every step a multiple of 16, the coarsest distance between anchors."""

OVERLAP = 0.25


class OverlappingWindows(SlidingWindowInferer):
    """MONAI's sliding windows, so placed that the feature maps of all windows fall on one grid of anchors and no voxel is left out.

    Near a window's border a network sees padding instead of tissue; there the neighbouring window, which sees on, has the greater weight.

    Args:
        edge: voxels per edge of a window, a multiple of 64.

    Raises:
        UsageError: the edge is no such multiple.
    """

    def __init__(self, edge: int) -> None:
        if edge <= 0 or edge % EDGE_MULTIPLE:
            raise UsageError(f"the window's edge must be a multiple of {EDGE_MULTIPLE} voxels, not {edge}")
        self.edge = edge
        super().__init__(roi_size=(edge,) * 3, overlap=OVERLAP, mode="gaussian")

    def __call__(self, inputs: torch.Tensor, network: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """The network's answers for images (batch, 1, x, y, z) whose edges are multiples of 16, as if it had seen them whole."""
        windows = copy.copy(self)
        # MONAI would pad a smaller image on both sides, by any number of voxels: the anchors would then lie beside what was seen.
        windows.roi_size = tuple(min(self.edge, size) for size in inputs.shape[2:])
        return super(OverlappingWindows, windows).__call__(inputs, network, *args, **kwargs)
