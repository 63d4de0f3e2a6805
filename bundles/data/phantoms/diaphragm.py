"""The two domes of the diaphragm."""

from __future__ import annotations

import numpy as np

from nodulescope.bundles.data.phantoms.body_frame import BodyFrame
from nodulescope.bundles.data.phantoms.grid import Field

# Reference millimetres: centre of a dome and how far the diaphragm falls from its top to the chest wall, read off LIDC-IDRI-0001
# and -0002. The recess behind is the deepest.
_DOME_X, _DOME_Y = 62.0, -8.0
_HALF_WIDTH, _HALF_DEPTH = 64.0, 88.0
_FALL_BACK, _FALL_FRONT, _FALL_SIDE, _FALL_MIDDLE = 56.0, 26.0, 46.0, 22.0
_LEFT_LOWER_MM = 13.0
"""The left dome stands about 1 to 2 cm lower than the right one (liver)."""


def diaphragm(frame: BodyFrame) -> Field:
    """Signed distance to the abdomen's roof on the coarse grid: negative above the diaphragm (in the chest), positive in the abdomen."""
    sx, sy, sz = frame.patient.scale
    u = (np.abs(frame.x) - np.float32(_DOME_X * sx)) / np.float32(_HALF_WIDTH * sx)
    v = (frame.y - np.float32(_DOME_Y * sy)) / np.float32(_HALF_DEPTH * sy)
    r2 = u * u + v * v + np.float32(1e-6)
    share = v * v / r2
    fall = share * np.where(v > 0, np.float32(_FALL_BACK), np.float32(_FALL_FRONT))
    fall += (1 - share) * np.where(u > 0, np.float32(_FALL_SIDE), np.float32(_FALL_MIDDLE))
    fall *= np.float32(sz)
    blend = np.clip(frame.x / np.float32(30.0) + np.float32(0.5), 0, 1)
    top = -np.float32(_LEFT_LOWER_MM * sz) * blend
    roof = top - fall * np.minimum(r2, np.float32(2.2)) ** np.float32(1.15)
    slope = np.float32(2.3) * fall * np.minimum(r2, np.float32(2.2)) ** np.float32(0.65) / np.float32(70.0)
    return np.asarray((roof - frame.z) / np.sqrt(1 + slope * slope), dtype=np.float32)
