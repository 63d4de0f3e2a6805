"""The patient table under the body."""

from __future__ import annotations

import numpy as np

from nodulescope.bundles.data.phantoms.canvas import Canvas
from nodulescope.bundles.data.phantoms.grid import Field

SHELL_HU, FOAM_HU, MAT_HU = 120.0, -960.0, -890.0
"""Carbon-fibre shell, foam core and mat of a CT table."""

RADIUS_MM = 640.0
"""Radius of the table's trough."""

SHELL_MM, FACE_MM = 2.6, 0.5
"""Thickness of the lower shell and of the face under the mat."""

HALF_WIDTH_MM, DEPTH_MM = 215.0, 27.0


def paint_table(canvas: Canvas, skin: Field) -> None:
    """Paint a table whose mat touches the lowest point of the back."""
    x, y, _ = canvas.coarse.axes()
    below = np.where((skin < 0).any(axis=0), y[0], np.float32(-1e4))
    sag = np.float32(float(below.max()) + 3.0) - (x * x) / np.float32(2 * RADIUS_MM)
    depth = np.ascontiguousarray(np.broadcast_to(y - sag, skin.shape))
    free = np.maximum(np.float32(0.6) - skin, np.abs(x) - np.float32(HALF_WIDTH_MM))
    canvas.paint(np.maximum(np.maximum(-depth - 6, depth - 2), free), MAT_HU)
    canvas.paint(np.maximum(np.maximum(2 - depth, depth - np.float32(DEPTH_MM)), free), FOAM_HU)
    canvas.paint_sheet(depth - 2, free, FACE_MM, SHELL_HU)
    canvas.paint_sheet(depth - np.float32(DEPTH_MM), free, SHELL_MM, SHELL_HU)
