"""Small chests with vessels, moved as a patient moves between two scans, and examinations of them with nodules of known size and place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
import pytest
from pydicom.dataset import Dataset

from nodulescope.bundles.contracts import LEFT_LUNG, RIGHT_LUNG, Candidate, CTSource, CTVolume, Grade, LungMask, Outline
from nodulescope.bundles.data.phantoms import Motion, Patient, Posture
from nodulescope.bundles.data.phantoms.grid import Grid
from nodulescope.operators.examination import Assessment, Examination, LungFindings, Measurements, ModelProvenance, Nodule, NoduleType, Side
from nodulescope.operators.priors import RecordedNodule
from nodulescope.operators.priors.lung_images import LungImages, lung_images

Point = tuple[float, float, float]
MakeRecorded = Callable[..., RecordedNodule]
MakeExamination = Callable[..., Examination]

VOXEL_MM = 3.0
FIRST_MM = np.array([-96.0, -66.0, -30.0])
SHAPE = (65, 45, 66)

MOVED = Posture(rotation_deg=(3.0, -2.0, 4.0), shift_mm=(6.0, -4.0, 12.0), diaphragm_mm=16.0, chest_mm=3.0)
"""A shallower breath, a few degrees and a centimetre elsewhere."""

STAGES = ("lung_segmentation", "nodule_detection", "nodule_segmentation", "nodule_grading")


def motion_of(posture: Posture) -> Motion:
    """The motion of the small chest."""
    return Motion(posture, Patient(half_width_mm=100.0, half_depth_mm=70.0, lung_height_mm=150.0), Grid((0, 0, 0), (1, 1, 1), (2, 2, 2)), 0)


@cache
def chest(posture: Posture) -> tuple[CTVolume, LungMask]:
    """Two ellipsoids of lung with twelve balls of vessel each, 3 mm voxels, in a posture."""
    affine = np.diag([VOXEL_MM, VOXEL_MM, VOXEL_MM, 1.0])
    affine[:3, 3] = FIRST_MM + posture.shift_mm
    points = np.moveaxis(np.indices(SHAPE), 0, -1) * VOXEL_MM + affine[:3, 3]
    body = motion_of(posture).to_earlier(points)
    labels = np.zeros(SHAPE, np.uint8)
    hu = np.full(SHAPE, 40.0)
    rng = np.random.default_rng(5)
    for label, sign in ((RIGHT_LUNG, -1.0), (LEFT_LUNG, 1.0)):
        center, radii = np.array([44.0 * sign, 0.0, 75.0]), np.array([34.0, 46.0, 70.0])
        inside = np.linalg.norm((body - center) / radii, axis=-1) < 1
        labels[inside], hu[inside] = label, -860.0
        for offset in rng.uniform(-0.5, 0.5, (12, 3)) * radii:
            hu[inside & (np.linalg.norm(body - center - offset, axis=-1) < 5.0)] = 30.0
    return CTVolume(hu.astype(np.float32), affine, CTSource("phantom")), LungMask(labels, affine, True)


@pytest.fixture(scope="session")
def lung_pair() -> tuple[LungImages, LungImages]:
    """The chest before and after it has moved as :data:`MOVED` says."""
    return lung_images(*chest(Posture())), lung_images(*chest(MOVED))


@pytest.fixture(scope="session")
def motion() -> Motion:
    """The motion between the two."""
    return motion_of(MOVED)


@pytest.fixture(scope="session")
def make_recorded() -> MakeRecorded:
    """``make_recorded(id, center, diameter)``: a round nodule; its side follows from its place."""

    def make(number: int, center: Sequence[float], diameter: float = 8.0, kind: NoduleType = NoduleType.SOLID) -> RecordedNodule:
        x, y, z = (float(coordinate) for coordinate in center)
        side = Side.RIGHT if x < 0 else Side.LEFT
        volume = np.pi / 6 * diameter**3
        return RecordedNodule(number, f"2.25.{number}", kind, side, (x, y, z), diameter, diameter, diameter, None, volume)

    return make


@pytest.fixture(scope="session")
def make_examination() -> MakeExamination:
    """``make_examination(moved, {uid: (place in the unmoved chest, diameter)}, date, series)``: nodules move with the lungs."""

    def make(moved: bool, nodules: dict[str, tuple[Point, float]], study_date: str = "", series: str = "1.2.3") -> Examination:
        posture = MOVED if moved else Posture()
        ct, lungs = chest(posture)
        header = Dataset()
        header.StudyDate, header.PatientID = study_date, "P1"
        ct = CTVolume(ct.hu, ct.affine_lps, CTSource("dicom", "scan", "1.2", series, instances=(header,)))
        motion = motion_of(posture)
        found = tuple(
            _nodule(number, uid, motion.to_later(place), size) for number, (uid, (place, size)) in enumerate(nodules.items(), start=1)
        )
        return Examination(
            ct=ct,
            lung_mask=lungs,
            lungs=LungFindings(lungs.volume_ml(LEFT_LUNG), lungs.volume_ml(RIGHT_LUNG), True),
            nodules=found,
            nodule_labels=np.zeros(ct.shape, np.uint8),
            models=tuple(ModelProvenance(stage, stage, "1.0", "a" * 64) for stage in STAGES),
            assessment=Assessment(),
            timings_s={},
            peak_memory_mb=None,
            generator_version="0.1.0",
        )

    return make


def _nodule(number: int, uid: str, place: np.ndarray, size: float) -> Nodule:
    x, y, z = (float(coordinate) for coordinate in place)
    ends = ((x - size / 2, y, z), (x + size / 2, y, z))
    return Nodule(
        id=number,
        tracking_uid=uid,
        type=NoduleType.SOLID,
        side=Side.RIGHT if x < 6 else Side.LEFT,
        measurements=Measurements(size, size, size, np.pi / 6 * size**3, None, 20.0, (x, y, z), ends, ends),
        candidate=Candidate((x, y, z), size, 0.9),
        grade=Grade(0.95, 3.0, 0.5, {}),
        outline=_one_voxel(x, y, z),
    )


def _one_voxel(x: float, y: float, z: float) -> Outline:
    """What can be painted: a voxel at a place."""
    affine = np.eye(4)
    affine[:3, 3] = x - 1, y - 1, z - 1
    return Outline(np.pad(np.ones((1, 1, 1), np.float32), 1), affine)
