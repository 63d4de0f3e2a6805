"""A detector's marks beside the boxes of a datalist."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nodulescope.bundles.metrics.froc import ScanMarks
from nodulescope.bundles.nodule_detection.box_classes import IGNORED_CLASS, NODULE_CLASS

Balls = tuple[NDArray[np.float64], NDArray[np.float64]]
"""Centres, shape (n, 3), and diameters, shape (n,)."""


def scan_marks(centers: NDArray[np.float64], scores: NDArray[np.float64], boxes: Balls, classes: ArrayLike) -> ScanMarks:
    """One scan's marks, and its boxes as nodules to be found and findings that count neither way.

    Args:
        centers: the marks' positions in mm, shape (m, 3).
        scores: their scores, shape (m,).
        boxes: the annotated boxes as balls, in mm in the same frame.
        classes: the class of each box, shape (n,).
    """
    truth, diameters = boxes
    nodules, ignored = np.asarray(classes) == NODULE_CLASS, np.asarray(classes) == IGNORED_CLASS
    return ScanMarks(centers, scores, truth[nodules], diameters[nodules], truth[ignored], diameters[ignored])
