"""All of one patient's anatomy as signed distances on the coarse grid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nodulescope.bundles.data.phantoms.abdomen import Abdomen, make_abdomen
from nodulescope.bundles.data.phantoms.body_frame import BodyFrame
from nodulescope.bundles.data.phantoms.diaphragm import diaphragm
from nodulescope.bundles.data.phantoms.grid import Field, Grid
from nodulescope.bundles.data.phantoms.lung_fields import LungFields, make_lungs
from nodulescope.bundles.data.phantoms.mediastinum import Mediastinum, make_mediastinum
from nodulescope.bundles.data.phantoms.patient import Patient
from nodulescope.bundles.data.phantoms.skeleton import Skeleton, make_skeleton
from nodulescope.bundles.data.phantoms.streams import Stream, generator
from nodulescope.bundles.data.phantoms.thorax import Thorax, make_thorax
from nodulescope.bundles.data.phantoms.vasculature import Vasculature, make_vasculature


@dataclass(frozen=True)
class Anatomy:
    """One patient, before any HU are given: signed distances on the coarse grid. ``roof`` is the diaphragm's, negative in the chest."""

    frame: BodyFrame
    thorax: Thorax
    mediastinum: Mediastinum
    roof: Field
    lungs: LungFields
    skeleton: Skeleton
    abdomen: Abdomen
    vasculature: Vasculature


def make_anatomy(seed: int, patient: Patient, coarse: Grid) -> Anatomy:
    """Compute the anatomy of a patient on a coarse grid."""
    rng = generator(seed, Stream.BODY)
    frame = BodyFrame(coarse, patient, rng)
    thorax = make_thorax(frame)
    mediastinum = make_mediastinum(frame)
    roof = diaphragm(frame)
    lungs = make_lungs(frame, thorax, mediastinum, roof, rng)
    skeleton = make_skeleton(frame, thorax, rng)
    abdomen = make_abdomen(frame, thorax, roof, rng)
    vasculature = make_vasculature(frame, lungs, generator(seed, Stream.VESSELS))
    return Anatomy(frame, thorax, mediastinum, roof, lungs, skeleton, abdomen, vasculature)


RECESS_MM = 96.0
"""How far the lungs reach below the dome of the right diaphragm, behind on the left, reference mm."""


def extent(patient: Patient) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Corners (LPS mm) of a box that holds the chest from the costophrenic recesses to the apices, and the table's top."""
    z = patient.scale[2]
    wide = patient.half_width_mm + 42 + 1.0 * patient.fat_mm + patient.muscle_mm
    front = patient.half_depth_mm + 28 + patient.fat_mm + (14 + 0.6 * patient.fat_mm if patient.female else 0.0)
    back = patient.half_depth_mm + 46 + patient.fat_mm + patient.muscle_mm
    return np.array([-wide, -front, -RECESS_MM * z - 16]), np.array([wide, back, patient.lung_height_mm + 18])
