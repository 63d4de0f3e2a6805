"""A small synthetic chest with ball nodules, as the examination that reports are made from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset

from nodulescope.bundles.contracts import LEFT_LUNG, RIGHT_LUNG, Candidate, CTSource, CTVolume, Grade, LungMask, Outline
from nodulescope.operators.examination import (
    Assessment,
    Examination,
    LungFindings,
    Measurements,
    ModelProvenance,
    Nodule,
    NoduleType,
    NotAssessed,
    Side,
    Status,
)
from nodulescope.operators.guidelines.history import PatientHistory
from nodulescope.operators.nodules.assessment import with_guidelines
from nodulescope.operators.priors import PriorComparison, PriorStudy, ResolvedNodule
from nodulescope.operators.priors.growth import doubling_time_days, volume_change_percent
from nodulescope.operators.priors.prior_study import recorded

MakeExamination = Callable[..., Examination]

SHAPE = (120, 100, 60)
SPACING_MM = (2.0, 2.0, 2.5)
ORIGIN_LPS_MM = (-119.0, -99.0, -300.0)


@dataclass(frozen=True)
class Ball:
    """A round nodule."""

    center_lps_mm: tuple[float, float, float]
    radius_mm: float
    type: NoduleType = NoduleType.SOLID
    hu: float = 30.0
    malignancy: float = 3.0
    malignancy_probability: float = 0.4


BALLS = (
    Ball((55.0, 11.0, -225.0), 16.0, malignancy=4.62, malignancy_probability=0.934),
    Ball((-61.0, -5.0, -250.0), 5.0, NoduleType.GROUND_GLASS, -600.0, 2.71, 0.183),
    Ball((-47.0, 21.0, -200.0), 4.0, malignancy=1.94, malignancy_probability=0.001),
)


def _nodule(number: int, ball: Ball) -> Nodule:
    affine = np.eye(4)
    affine[:3, 3] = np.asarray(ball.center_lps_mm) - 23.5
    distance = np.linalg.norm(np.moveaxis(np.indices((48, 48, 48)), 0, -1) - 23.5, axis=-1)
    probability = np.clip(ball.radius_mm - distance + 0.5, 0, 1).astype(np.float32)
    x, y, z = ball.center_lps_mm
    r = ball.radius_mm
    measurements = Measurements(
        long_axis_mm=2 * r + 0.4,
        short_axis_mm=2 * r - 0.4,
        mean_diameter_mm=2 * r,
        volume_mm3=4 / 3 * np.pi * r**3,
        solid_diameter_mm=None,
        mean_hu=ball.hu,
        center_lps_mm=ball.center_lps_mm,
        long_axis_lps_mm=((x - r, y, z), (x + r, y, z)),
        short_axis_lps_mm=((x, y - r, z), (x, y + r, z)),
    )
    ratings = {"subtlety": 4.31, "sphericity": 4.12, "margin": 3.87, "lobulation": 1.52, "spiculation": 2.24, "texture": 4.95}
    return Nodule(
        id=number,
        tracking_uid=f"2.25.{number}",
        type=ball.type,
        side=Side.LEFT if x > 0 else Side.RIGHT,
        measurements=measurements,
        candidate=Candidate(ball.center_lps_mm, 2 * r, 0.97 / number),
        grade=Grade(0.87, ball.malignancy, ball.malignancy_probability, {**ratings, "calcification": 0.06}),
        outline=Outline(probability, affine),
    )


def _chest(balls: Sequence[Ball], noise_hu: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """HU, lung labels and affine of an elliptic chest with two ellipsoid lungs."""
    affine = np.diag([*SPACING_MM, 1.0])
    affine[:3, 3] = ORIGIN_LPS_MM
    x, y, z = (ORIGIN_LPS_MM[a] + SPACING_MM[a] * np.indices(SHAPE)[a] for a in range(3))
    hu = np.where((x / 112) ** 2 + (y / 92) ** 2 < 1, 20.0, -1000.0)
    labels = np.zeros(SHAPE, dtype=np.uint8)
    for label, middle in ((RIGHT_LUNG, -52.0), (LEFT_LUNG, 52.0)):
        inside = ((x - middle) / 40) ** 2 + (y / 62) ** 2 + ((z + 225) / 62) ** 2 < 1
        labels[inside] = label
        hu[inside] = -850.0
    for ball in balls:
        distance = np.sqrt(sum((axis - c) ** 2 for axis, c in zip((x, y, z), ball.center_lps_mm, strict=True)))
        hu = np.where(distance < ball.radius_mm, ball.hu, hu)
    hu += np.random.default_rng(0).normal(0, noise_hu, SHAPE) if noise_hu else 0
    return hu.astype(np.float32), labels, affine


@pytest.fixture(scope="session")
def make_examination() -> MakeExamination:
    """``make_examination(balls, noise_hu=, warnings=, description=, covered=, kind=, **changes)``; changes go to the Examination."""

    def make(
        balls: Sequence[Ball] = BALLS,
        noise_hu: float = 0.0,
        warnings: tuple[str, ...] = ("Slices are 2.5 mm apart.",),
        description: str = "Thorax 2.5 mm",
        covered: bool = True,
        **changes: Any,
    ) -> Examination:
        hu, labels, affine = _chest(balls, noise_hu)
        headers = []
        for k in range(SHAPE[2]):
            header = Dataset()
            header.PatientName = "Secret^Person"
            header.PatientID = "4711-SECRET"
            header.SeriesDescription = description
            header.StudyDate = "20240229"
            header.InstanceNumber = 200 - k
            header.SliceThickness = "2.50"
            headers.append(header)
        source = CTSource("dicom", "/inbox/Secret_Person", "1.2.3", "1.2.3.4", "The only CT series.", warnings, tuple(headers))
        values: dict[str, Any] = {
            "ct": CTVolume(hu, affine, source),
            "lung_mask": LungMask(labels, affine, covered),
            "lungs": LungFindings(left_ml=2210.4, right_ml=2533.8, fully_covered=covered),
            "nodules": tuple(_nodule(number, ball) for number, ball in enumerate(balls, 1)),
            "nodule_labels": np.zeros(SHAPE, dtype=np.uint8),
            "models": (ModelProvenance("nodule_detection", "nodule_detection", "0.3.1", "0123456789abcdef" * 4),),
            "assessment": Assessment(not_assessed=(NotAssessed("lung_rads", "Airways and cysts are not seen."),)),
            "timings_s": {"read": 1.25, "nodule_detection": 20.5},
            "peak_memory_mb": 3120.4,
            "generator_version": "9.8.7",
        }
        return Examination(**values | changes)

    return make


@pytest.fixture(scope="session")
def examination(make_examination: MakeExamination) -> Examination:
    """The chest with its three nodules: a mass on the left, two small nodules on the right."""
    return make_examination()


PRIOR_MOVED_MM = (4.0, -3.0, 10.0)
"""The patient lay elsewhere in the prior."""

DAYS = 366


@pytest.fixture(scope="session")
def follow_up(make_examination: MakeExamination) -> Examination:
    """The chest a year after a prior: nodule 1 grew by a quarter, 2 is new, 3 is stable, and one more is gone."""
    exam = make_examination()
    grew, new, stable = exam.nodules
    entries = {grew.id: _prior_of(grew, 0.8), stable.id: _prior_of(stable, 0.99)}
    gone = replace(recorded(stable), id=4, mean_diameter_mm=6.2, volume_mm3=125.0)
    moved = exam.ct.affine_lps.copy()
    moved[:3, 3] += PRIOR_MOVED_MM
    comparison = PriorComparison(
        PriorStudy("prior", (), study_date=date(2023, 2, 28), ct=replace(exam.ct, affine_lps=moved)),
        DAYS,
        None,
        status={grew.id: Status.GROWING, new.id: Status.NEW, stable.id: Status.STABLE},
        entries=entries,
        resolved=(ResolvedNodule(gone, gone.center_lps_mm),),
        warnings=("The prior does not cover the whole lungs.",),
    )
    nodules = tuple(replace(n, status=comparison.status[n.id], prior=entries.get(n.id)) for n in exam.nodules)
    return with_guidelines(replace(exam, nodules=nodules, comparison=comparison), PatientHistory(age=63), comparison)


def _prior_of(nodule: Nodule, scale: float) -> dict[str, Any]:
    """What a prior says of a nodule whose diameters were so many times those of today."""
    sizes = nodule.measurements
    volume = sizes.volume_mm3 * scale**3
    return {
        "tracking_uid": nodule.tracking_uid,
        "id": nodule.id,
        "study_date": "2023-02-28",
        "interval_days": DAYS,
        "type": nodule.type.value,
        "long_axis_mm": sizes.long_axis_mm * scale,
        "short_axis_mm": sizes.short_axis_mm * scale,
        "mean_diameter_mm": sizes.mean_diameter_mm * scale,
        "solid_diameter_mm": None,
        "volume_mm3": volume,
        "center_lps_mm": list(np.add(sizes.center_lps_mm, PRIOR_MOVED_MM)),
        "volume_change_percent": volume_change_percent(volume, sizes.volume_mm3),
        "volume_doubling_time_days": doubling_time_days(volume, sizes.volume_mm3, DAYS),
        "mean_diameter_change_mm": sizes.mean_diameter_mm * (1 - scale),
    }
