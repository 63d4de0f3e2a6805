"""Ribs, costal cartilage, sternum, spine, scapulae and clavicles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nodulescope.bundles.data.phantoms.body_frame import BodyFrame
from nodulescope.bundles.data.phantoms.grid import Field
from nodulescope.bundles.data.phantoms.mediastinum import spine_depth
from nodulescope.bundles.data.phantoms.solids import FAR_MM, ellipsoid, smooth_min, tubes
from nodulescope.bundles.data.phantoms.thorax import Thorax

RIB_PITCH_MM = 27.0
"""Distance between neighbouring ribs along the body's axis, reference mm."""

VERTEBRA_PITCH_MM = 24.0
"""Height of a thoracic vertebra with its disc, reference mm."""


@dataclass(frozen=True)
class Skeleton:
    """Signed distances on the coarse grid, negative inside.

    Attributes:
        bone: all bone with its cortex.
        cartilage: costal cartilage.
        disc: intervertebral discs.
        canal: spinal canal.
    """

    bone: Field
    cartilage: Field
    disc: Field
    canal: Field


def make_skeleton(frame: BodyFrame, thorax: Thorax, rng: np.random.Generator) -> Skeleton:
    """Compute the skeleton of one patient; the stream draws the phases of ribs and vertebrae."""
    ribs, cartilage = _ribs(frame, thorax, float(rng.uniform(0, RIB_PITCH_MM)))
    spine, disc, canal = _spine(frame, float(rng.uniform(0, VERTEBRA_PITCH_MM)))
    sternum = _sternum(frame, thorax)
    girdle = _girdle(frame, thorax)
    bone = np.minimum(np.minimum(ribs, spine), np.minimum(sternum, girdle))
    return Skeleton(bone, np.maximum(cartilage, -sternum), disc, canal)


def _ribs(frame: BodyFrame, thorax: Thorax, phase: float) -> tuple[Field, Field]:
    """Ribs and their cartilage: ellipses that follow slanting lines around the cage."""
    p = frame.patient
    pitch = np.float32(RIB_PITCH_MM * p.scale[2])
    turn = np.abs(frame.angle)
    fall = np.float32(112 * p.scale[2]) * (turn / np.float32(np.pi)) ** np.float32(1.15) - 16 * np.sin(
        np.minimum(turn * 2.2, np.float32(np.pi))
    ) * np.float32(0.6)
    number = (frame.z + fall - np.float32(phase)) / pitch
    along = (number - np.rint(number)) * pitch * np.float32(0.93)
    depth = thorax.cage - np.float32(5.2)
    top = np.float32(p.lung_height_mm + 8)
    limit = frame.z + fall - top - pitch
    thin = np.where(turn > 1.9, np.float32(0.9), np.float32(1.0))
    ribs = (np.sqrt((depth / np.float32(4.0)) ** 2 + (along / np.float32(6.6)) ** 2) - thin) * np.float32(4.6)
    ribs = np.maximum(ribs, limit)
    front = (turn - np.float32(2.28)) * frame.radius
    foot = np.float32(0.16) - turn
    ends = np.maximum(front, foot * frame.radius)
    cartilage = np.maximum(np.maximum(ribs - np.float32(0.4), -front), (turn - np.float32(3.02)) * frame.radius)
    cartilage = np.maximum(cartilage, np.float32(20 * p.scale[2]) - frame.z - (turn - np.float32(2.3)) * 60)
    return np.maximum(ribs, ends), cartilage


def _spine(frame: BodyFrame, phase: float) -> tuple[Field, Field, Field]:
    """Vertebrae with arches and processes, discs, canal."""
    sx, _, sz = frame.patient.scale
    middle = frame.to_world((0.0, spine_depth(frame), 0.0), reference=False)
    box = frame.grid.box((middle[0] - 60, middle[1] - 50, -1e4), (middle[0] + 60, middle[1] + 90, 1e4))
    fx, fy, fz = frame.x[box], frame.y[box], frame.z[box]
    yc = np.float32(spine_depth(frame))
    pitch = np.float32(VERTEBRA_PITCH_MM * sz)
    number = (fz - np.float32(phase)) / pitch
    part = np.abs(number - np.rint(number))  # 0 in the middle of a vertebra, 0.5 in the middle of a disc
    above = np.clip((fz - np.float32(60 * sz)) / np.float32(200 * sz), 0, 1)
    wide = np.float32(18.5 * sx) * (1 - np.float32(0.22) * above)
    waist = 1 - np.float32(0.08) * np.clip(1 - 2.6 * part, 0, 1)
    x2, y2 = (fx / (wide * waist)) ** 2, ((fy - yc) / (wide * np.float32(0.86) * waist)) ** 2
    body = (np.sqrt(np.sqrt(x2 * x2 + y2 * y2) * np.float32(0.35) + (x2 + y2) * np.float32(0.65)) - 1) * wide
    vertebra = np.maximum(body, (part - np.float32(0.405)) * pitch)
    disc = np.maximum(body - np.float32(0.5), (np.float32(0.405) - part) * pitch)
    back = fy - (yc + wide * np.float32(0.86) + np.float32(7.5))
    canal = np.sqrt((fx / np.float32(1.15)) ** 2 + back * back) - np.float32(8.0)
    arch = np.maximum(np.abs(canal - np.float32(3.0)) - np.float32(2.6), (part - np.float32(0.33)) * pitch)
    # Spinous processes slope down behind the arch, transverse ones point outwards and back.
    slanted = (fz + np.float32(0.75) * back - np.float32(phase)) / pitch
    slanted = np.abs(slanted - np.rint(slanted)) * pitch
    spinous = np.maximum(np.maximum(np.abs(fx) - np.float32(2.8), slanted - np.float32(7)), np.maximum(back - np.float32(33), 9 - back))
    lateral = np.maximum(np.abs(back - np.float32(0.35) * (np.abs(fx) - 12)) - np.float32(4.5), (part - np.float32(0.24)) * pitch)
    transverse = np.maximum(lateral, np.maximum(np.abs(fx) - np.float32(33 * sx), 10 - np.abs(fx)))
    bone = np.maximum(smooth_min(smooth_min(vertebra, arch, 3), np.minimum(spinous, transverse), 4), -canal)
    return _whole(frame, box, bone), _whole(frame, box, disc), _whole(frame, box, canal)


def _whole(frame: BodyFrame, box: tuple[slice, slice, slice], part: Field) -> Field:
    """A field on the whole grid that is far outside beyond a box."""
    field = np.full(frame.grid.shape, FAR_MM, dtype=np.float32)
    field[box] = part
    return field


def _sternum(frame: BodyFrame, thorax: Thorax) -> Field:
    """Manubrium and body of the sternum, in front of the cage."""
    sz = frame.patient.scale[2]
    t = frame.z / np.float32(sz)
    half = np.float32(15.5) + 13 * np.clip((t - 150) / 30, 0, 1)
    depth = thorax.cage - np.float32(7.5)
    plate = (np.sqrt((frame.x / half) ** 2 + (depth / np.float32(6.2)) ** 2) - 1) * np.float32(6.2)
    plate = np.maximum(plate, np.maximum(frame.z - np.float32(192 * sz), np.float32(28 * sz) - frame.z))
    return np.asarray(np.maximum(plate, frame.y), dtype=np.float32)


def _girdle(frame: BodyFrame, thorax: Thorax) -> Field:
    """Scapulae and clavicles. Arms are raised, so that the scapulae lie to the side of the upper ribs."""
    sx, _, sz = frame.patient.scale
    turn = np.abs(frame.angle)
    t = frame.z / np.float32(sz)
    depth = thorax.cage - (np.float32(24) + 7 * np.sin(turn * 3))
    blade = np.abs(depth) - (np.float32(1.9) + 4 * np.exp(-(((turn - 1.25) / 0.12) ** 2)))
    reach = np.maximum((np.float32(0.42) + (190 - t) * np.float32(0.0022) - turn), (turn - np.float32(1.36))) * frame.radius
    blade = np.maximum(np.maximum(blade, reach), np.maximum(88 - t, t - 205) * np.float32(sz))
    x = np.abs(frame.x)
    mirrored = ellipsoid(x, frame.y, frame.z, np.array([152, 24, 222]) * frame.patient.scale, (15, 13, 22))
    clavicles = [
        (
            frame.to_world([(s * 22, -52, 188), (s * 52, -50, 205), (s * 95, -22, 222), (s * 140, 2, 232)]),
            np.array([9.5, 6.5, 5.5, 6.5]) * sx,
        )
        for s in (-1, 1)
    ]
    return np.asarray(np.minimum(np.minimum(blade, mirrored), tubes(frame.grid, clavicles)), dtype=np.float32)
