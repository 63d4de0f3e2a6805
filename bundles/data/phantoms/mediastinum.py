"""Heart, great vessels, trachea, main bronchi and oesophagus.

Landmarks are in reference millimetres of the body frame (x left, y back, z above the dome of the right diaphragm), read off LIDC-
IDRI-0001 and -0002 and scaled to the patient.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nodulescope.bundles.data.phantoms.body_frame import BodyFrame
from nodulescope.bundles.data.phantoms.grid import Field
from nodulescope.bundles.data.phantoms.solids import FAR_MM, ellipsoid, smooth_min, tubes

Path = tuple[list[tuple[float, float, float]], list[float]]

AORTA: Path = (
    [
        (6, -22, 88),
        (-8, -34, 108),
        (-13, -36, 132),
        (-8, -26, 158),
        (6, -6, 170),
        (20, 18, 168),
        (27, 36, 150),
        (27, 46, 120),
        (25, 48, 60),
        (18, 46, 5),
        (9, 42, -60),
        (6, 40, -120),
    ],
    [14, 16, 16, 15, 13.5, 12.5, 12.5, 12, 11.5, 11, 10.5, 10],
)
PULMONARY_TRUNK: Path = ([(16, -48, 88), (20, -38, 108), (22, -20, 122), (34, 4, 124), (46, 20, 118)], [14, 13.5, 13, 11, 8.5])
RIGHT_PULMONARY_ARTERY: Path = ([(20, -18, 120), (0, -4, 120), (-22, 4, 116), (-42, 10, 110)], [11, 11, 10.5, 8.5])
SUPERIOR_CAVA: Path = ([(-24, -20, 182), (-26, -19, 150), (-27, -18, 118), (-24, -16, 92)], [8.5, 9, 9.5, 10.5])
INFERIOR_CAVA: Path = ([(-20, -2, 45), (-22, 8, 12), (-22, 22, -40), (-20, 28, -120)], [12, 12, 12, 11])
RIGHT_VEINS: Path = ([(-10, 16, 88), (-30, 14, 88), (-46, 12, 84)], [9, 8, 6.5])
RIGHT_UPPER_VEIN: Path = ([(-12, 8, 96), (-30, -8, 102), (-44, -10, 112)], [8, 7, 5.5])
LEFT_VEINS: Path = ([(24, 18, 86), (38, 22, 84), (50, 24, 80)], [9, 8, 6.5])
LEFT_UPPER_VEIN: Path = ([(24, 6, 98), (38, -8, 104), (48, -12, 112)], [8, 7, 5.5])
NECK_VEINS: tuple[Path, ...] = (
    ([(-24, -20, 180), (0, -30, 184), (26, -24, 196), (40, -8, 216), (46, 0, 260)], [7.5, 6.5, 6.5, 6.5, 6]),
    ([(-25, -19, 180), (-32, -12, 205), (-38, -4, 225), (-42, 2, 260)], [7.5, 7, 6.5, 6]),
)
NECK_ARTERIES: tuple[Path, ...] = (
    ([(-6, -16, 172), (-14, -6, 198), (-22, 0, 225), (-28, 8, 270)], [6.5, 6, 5, 4]),
    ([(6, -4, 172), (13, 2, 200), (20, 6, 230), (28, 10, 270)], [4.5, 4, 4, 3.6]),
    ([(19, 16, 170), (25, 20, 200), (34, 18, 222), (60, 12, 236)], [5.5, 5, 5, 4.5]),
)
TRACHEA: Path = ([(0, -8, 290), (-1, 2, 240), (-2, 14, 190), (-3, 24, 152), (-2, 28, 138)], [8.5, 8.8, 8.8, 8.8, 8.6])
RIGHT_BRONCHUS: Path = ([(-2, 28, 139), (-18, 28, 127), (-34, 27, 112)], [8, 7.2, 6.2])
LEFT_BRONCHUS: Path = ([(-2, 28, 139), (18, 30, 124), (36, 32, 108), (46, 33, 100)], [7.5, 6.3, 5.8, 5.4])
OESOPHAGUS: Path = (
    [(3, 22, 280), (4, 36, 190), (6, 46, 140), (6, 38, 90), (10, 34, 40), (18, 22, 0), (30, 8, -24)],
    [6, 6.5, 7, 7, 7.5, 8, 9],
)
AZYGOS: Path = ([(-26, -6, 138), (-24, 20, 142), (-12, 46, 132), (-9, 50, 80), (-7, 50, -60)], [5, 4.5, 4, 3.5, 3])
THYROID: tuple[Path, ...] = (
    ([(-15, 0, 240), (-17, 0, 262), (-14, 2, 285)], [5, 9, 6]),
    ([(13, 0, 240), (15, 0, 262), (13, 2, 285)], [5, 9, 6]),
)

AIRWAY_WALL_MM = 1.6
"""Wall of trachea and main bronchi, 1 to 3 mm in adults."""

ROOTS: dict[int, dict[str, tuple[float, float, float]]] = {
    1: {"artery": (-42, 10, 110), "vein": (-46, 12, 86), "upper_vein": (-44, -10, 112), "bronchus": (-34, 27, 112)},
    2: {"artery": (46, 20, 118), "vein": (50, 24, 81), "upper_vein": (48, -12, 112), "bronchus": (46, 33, 100)},
}
"""Where the trees of a lung (1 right, 2 left) begin, reference mm."""


@dataclass(frozen=True)
class Mediastinum:
    """Signed distances on the coarse grid, negative inside.

    Attributes:
        envelope: mediastinal fat and all it holds: where no lung is.
        heart: both ventricles with their muscle.
        chambers: blood of ventricles and atria.
        arteries: aorta, its branches, oesophagus excluded.
        pulmonary: pulmonary arteries and veins, cavae.
        oesophagus: oesophagus and azygos vein, thyroid.
        airway: lumen of trachea and main bronchi.
    """

    envelope: Field
    heart: Field
    chambers: Field
    arteries: Field
    pulmonary: Field
    oesophagus: Field
    airway: Field


def _world(frame: BodyFrame, *paths: Path, scale: float = 1.0) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Paths in LPS mm; radii grow with the patient's mean size and ``scale``."""
    size = float(np.mean(frame.patient.scale[:2])) * scale
    return [(frame.to_world(corners), np.asarray(radii) * size) for corners, radii in paths]


def _solid(
    frame: BodyFrame, centre: tuple[float, float, float], radii: tuple[float, float, float], size: float, yaw_deg: float = 0.0
) -> Field:
    """Ellipsoid at a landmark, turned around the long axis by ``yaw_deg`` (its apex goes to the left for positive angles)."""
    c = np.asarray(centre) * np.asarray(frame.patient.scale)
    turn = np.deg2rad(yaw_deg)
    cos, sin = np.float32(np.cos(turn)), np.float32(np.sin(turn))
    box = frame.grid.box(frame.to_world(centre) - FAR_MM - max(radii) * size, frame.to_world(centre) + FAR_MM + max(radii) * size)
    x, y = frame.x[box] - np.float32(c[0]), frame.y[box] - np.float32(c[1])
    field = np.full(frame.grid.shape, FAR_MM, dtype=np.float32)
    field[box] = ellipsoid(cos * x - sin * y, sin * x + cos * y, frame.z[box] - np.float32(c[2]), (0, 0, 0), np.asarray(radii) * size)
    return field


def make_mediastinum(frame: BodyFrame) -> Mediastinum:
    """Compute the mediastinum of one patient."""
    size = frame.patient.heart_scale * float(np.mean(frame.patient.scale))
    left_ventricle = _solid(frame, (44, -24, 36), (52, 40, 42), size, 32.0)
    right_ventricle = _solid(frame, (12, -52, 36), (52, 29, 42), size, 20.0)
    right_atrium = _solid(frame, (-24, -24, 56), (25, 29, 36), size)
    left_atrium = _solid(frame, (6, 14, 86), (34, 19, 24), size)
    heart = smooth_min(smooth_min(left_ventricle, right_ventricle, 12), smooth_min(right_atrium, left_atrium, 16), 20)
    septum = np.float32(7.0 * size)
    chambers = np.minimum(
        np.minimum(left_ventricle + np.float32(10 * size), np.maximum(right_ventricle + np.float32(4 * size), septum - left_ventricle)),
        np.minimum(np.maximum(right_atrium, np.float32(3) - right_ventricle) + 2, left_atrium + 2),
    )
    arteries = tubes(frame.grid, _world(frame, AORTA, *NECK_ARTERIES))
    pulmonary = tubes(
        frame.grid,
        _world(
            frame,
            PULMONARY_TRUNK,
            RIGHT_PULMONARY_ARTERY,
            SUPERIOR_CAVA,
            INFERIOR_CAVA,
            RIGHT_VEINS,
            RIGHT_UPPER_VEIN,
            LEFT_VEINS,
            LEFT_UPPER_VEIN,
            *NECK_VEINS,
        ),
    )
    oesophagus = tubes(frame.grid, _world(frame, OESOPHAGUS, AZYGOS, *THYROID))
    airway = tubes(frame.grid, _world(frame, TRACHEA, RIGHT_BRONCHUS, LEFT_BRONCHUS))
    soft = np.minimum(np.minimum(arteries, pulmonary), np.minimum(oesophagus, airway - np.float32(AIRWAY_WALL_MM)))
    envelope = smooth_min(smooth_min(soft - 2, heart - 4, 26), _midline(frame), 8)
    return Mediastinum(envelope, heart, chambers, arteries, pulmonary, oesophagus, airway)


def _midline(frame: BodyFrame) -> Field:
    """Fat that joins the mediastinum to sternum and spine: a sheet that widens in front of heart and great vessels, and the spine."""
    sx, sy, sz = frame.patient.scale
    z = frame.z / np.float32(sz)
    middle = np.float32(4) + np.clip((np.float32(110) - z) / 110, 0, 1) * 14
    wide = (
        np.float32(1.5)
        + 8 * np.exp(-(((z - 165) / 26) ** 2))
        + 26 * np.clip((np.float32(50) - z) / 60, 0, 1)
        + 14 * np.clip((z - 185) / 20, 0, 1.5)
    )
    front = np.abs(frame.x - middle) - wide
    sheet = np.maximum(front, frame.y - np.float32(20 * sy))
    spine = ellipsoid(frame.x, frame.y, np.zeros_like(frame.z), (0, spine_depth(frame) - 4, 0), (23 * sx, 22 * sy, 1e4))
    behind = np.maximum(np.abs(frame.x) - np.float32(27 * sx), np.float32(spine_depth(frame) + 4) - frame.y)
    neck = np.maximum(np.abs(frame.x) - np.float32(20), np.float32(190 * sz) - frame.z)
    low = np.maximum(np.abs(frame.x - 4) - np.float32(11), np.maximum(frame.z - np.float32(75 * sz), np.float32(-20 * sy) - frame.y))
    return np.asarray(np.minimum(np.minimum(sheet, smooth_min(spine, behind, 16)), np.minimum(neck, low)), dtype=np.float32)


def spine_depth(frame: BodyFrame) -> float:
    """Body y of the middle of the vertebral bodies, mm."""
    return 68.0 * frame.patient.scale[1]
