"""Giving HU to the body: painting order and HU of every tissue outside the lungs."""

from __future__ import annotations

import numpy as np

from nodulescope.bundles.data.phantoms.anatomy import Anatomy
from nodulescope.bundles.data.phantoms.canvas import Canvas
from nodulescope.bundles.data.phantoms.grid import Field
from nodulescope.bundles.data.phantoms.noise import smooth_noise
from nodulescope.bundles.data.phantoms.streams import Stream, generator

# HU of tissues at 120 kV without contrast medium: usual textbook means.
FAT_HU, MUSCLE_HU, SKIN_HU, BLOOD_HU, LIVER_HU, SPLEEN_HU, KIDNEY_HU, STOMACH_HU = -105.0, 52.0, 10.0, 42.0, 58.0, 48.0, 32.0, 28.0
CORTEX_HU, MARROW_HU, CARTILAGE_HU, DISC_HU, CANAL_HU, OESOPHAGUS_HU = 760.0, 170.0, 105.0, 85.0, 22.0, 38.0
GAS_HU = -990.0
CORTEX_MM = 1.3
"""Thickness of cortical bone of ribs and vertebrae as CT shows it."""

SKIN_MM = 1.8
"""Thickness of the skin."""

MYOCARDIUM_CONTRAST, LIVER_CONTRAST, SPLEEN_CONTRAST, KIDNEY_CONTRAST, PULMONARY_CONTRAST = 0.28, 0.2, 0.3, 0.7, 0.95
"""Enhancement of tissues relative to the aorta's in the arterial to early venous phase."""


def paint_body(canvas: Canvas, anatomy: Anatomy, seed: int) -> None:
    """Paint everything but the lungs' contents."""
    rng = generator(seed, Stream.BODY, 1)
    fine, planes = smooth_noise(rng, canvas.coarse, 5.0), smooth_noise(rng, canvas.coarse, 13.0)
    _paint_wall(canvas, anatomy, fine, planes)
    wall, envelope = anatomy.thorax.cage - 3, anatomy.mediastinum.envelope
    canvas.paint(np.maximum(envelope, wall), FAT_HU + 8, fine * np.float32(9.0))
    _paint_abdomen(canvas, anatomy, fine, planes)
    nodes = np.maximum(np.maximum(np.float32(1.9) - planes, envelope + 3), np.maximum(wall, anatomy.roof)) * np.float32(3.0)
    canvas.paint(nodes, BLOOD_HU)
    _paint_mediastinum(canvas, anatomy)
    _paint_bones(canvas, anatomy, fine)


def _paint_wall(canvas: Canvas, anatomy: Anatomy, fine: Field, planes: Field) -> None:
    """Skin, subcutaneous fat with its septa, muscles and the fat between their layers, extrapleural fat."""
    t = anatomy.thorax
    canvas.paint(t.skin, SKIN_HU)
    canvas.paint(t.skin + np.float32(SKIN_MM), FAT_HU, fine * np.float32(6.0) + np.maximum(fine - np.float32(1.6), 0) * np.float32(50.0))
    canvas.paint(_muscle(anatomy, planes), MUSCLE_HU, fine * np.float32(7.0))
    layer = np.float32(0.55) + np.float32(1.1) * planes
    for depth in (12.5, 23.0):
        sheet = np.abs(t.cage - np.float32(depth) - np.float32(2.0) * fine) - layer
        canvas.paint(np.maximum(sheet, t.muscle + np.float32(1.5)), FAT_HU + 15)
    canvas.paint(np.maximum(t.cage - np.float32(1.2), t.muscle), FAT_HU, fine * np.float32(8.0))


def _muscle(anatomy: Anatomy, planes: Field) -> Field:
    """Muscles of the chest wall: everything under the subcutaneous fat, parted by fat that widens in the axilla."""
    f, t = anatomy.frame, anatomy.thorax
    turn = np.abs(f.angle)
    height = np.clip((f.z / np.float32(f.patient.lung_height_mm) - np.float32(0.35)) * 2, 0, 1)
    armpit = np.exp(-(((turn - np.float32(1.75)) / np.float32(0.36)) ** 2)) * height
    bias = np.float32(1.75) - np.float32(2.5) * armpit + np.clip(1 - t.cage / 9, 0, 1)
    return np.asarray(np.maximum(t.muscle, -(planes + bias) * np.float32(3.0)), dtype=np.float32)


def _paint_abdomen(canvas: Canvas, anatomy: Anatomy, fine: Field, planes: Field) -> None:
    ab, contrast = anatomy.abdomen, anatomy.frame.patient.contrast_hu
    canvas.paint(ab.cavity, MUSCLE_HU)
    canvas.paint(ab.cavity + 4, FAT_HU, fine * np.float32(10.0))
    canvas.paint(ab.liver, LIVER_HU + LIVER_CONTRAST * contrast, fine * np.float32(3.0))
    canvas.paint(ab.spleen, SPLEEN_HU + SPLEEN_CONTRAST * contrast)
    canvas.paint(ab.kidney, KIDNEY_HU + KIDNEY_CONTRAST * contrast)
    canvas.paint(ab.stomach, STOMACH_HU, planes * np.float32(10.0))
    canvas.paint(ab.gas, GAS_HU)


def _paint_mediastinum(canvas: Canvas, anatomy: Anatomy) -> None:
    m, contrast = anatomy.mediastinum, anatomy.frame.patient.contrast_hu
    canvas.paint(np.maximum(m.heart, anatomy.roof + 2), BLOOD_HU + 6 + MYOCARDIUM_CONTRAST * contrast)
    canvas.paint(np.maximum(m.chambers, anatomy.roof + 6), BLOOD_HU + contrast)
    canvas.paint(m.oesophagus, OESOPHAGUS_HU + 0.25 * contrast)
    canvas.paint(m.pulmonary, BLOOD_HU + PULMONARY_CONTRAST * contrast)
    canvas.paint(m.arteries, BLOOD_HU + contrast)


def _paint_bones(canvas: Canvas, anatomy: Anatomy, fine: Field) -> None:
    s = anatomy.skeleton
    canvas.paint(s.cartilage, CARTILAGE_HU, np.maximum(fine - 1.2, 0) * np.float32(160.0))
    canvas.paint(s.disc, DISC_HU)
    canvas.paint(s.bone, CORTEX_HU, fine * np.float32(90.0))
    canvas.paint(s.bone + np.float32(CORTEX_MM), MARROW_HU, fine * np.float32(45.0), edge_mm=1.4)
    canvas.paint(s.canal, CANAL_HU)
