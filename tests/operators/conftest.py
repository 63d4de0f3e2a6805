"""DICOM series to read, whole or damaged on purpose, and examinations of such a series with nodules of known size and place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.dataset import FileDataset

from nodulescope.bundles.contracts import LEFT_LUNG, RIGHT_LUNG, Candidate, CTSource, CTVolume, Grade, LungMask, Outline
from nodulescope.operators.dicom.ct_series import write_ct_series
from nodulescope.operators.dicom.uids import nodule_tracking_uid
from nodulescope.operators.examination import (
    Assessment,
    Examination,
    Location,
    LungFindings,
    ModelProvenance,
    Nodule,
    NotAssessed,
    Region,
    Third,
)
from nodulescope.operators.examination.input_facts import lung_extent
from nodulescope.operators.measurement import measure, paint_labels, side
from nodulescope.operators.reading import read_ct

WriteSeries = Callable[..., tuple[Path, ...]]
Edit = Callable[..., FileDataset]
MakeDicomExamination = Callable[..., Examination]

BALLS = (((-42.0, 5.0, -210.0), 13.0), ((39.0, -7.0, -236.0), 7.0))
"""Centre (LPS mm) and diameter (mm) of the nodules in the small chest: one in the right, one in the left lung."""

STAGES = ("lung_segmentation", "nodule_detection", "nodule_segmentation", "nodule_grading")


@pytest.fixture(scope="session")
def write_series() -> WriteSeries:
    """:func:`write_ct_series` for a patient whose identity does not matter."""

    def write(ct: CTVolume, folder: Path, **arguments: Any) -> tuple[Path, ...]:
        return write_ct_series(ct, folder, **{"patient_id": "P1", "patient_name": "Phantom^One"} | arguments)

    return write


@pytest.fixture(scope="session")
def edit() -> Edit:
    """Change a DICOM file in place: ``edit(path, Keyword=value)``; the value None deletes the element."""

    def change(path: Path, **elements: Any) -> FileDataset:
        dataset = pydicom.dcmread(path)
        for keyword, value in elements.items():
            if value is None:
                delattr(dataset, keyword)
            else:
                setattr(dataset, keyword, value)
        dataset.save_as(path)
        return dataset

    return change


def _points(shape: Sequence[int], affine: np.ndarray) -> np.ndarray:
    """LPS mm of every voxel, shape (*shape, 3)."""
    return np.moveaxis(np.indices(tuple(shape), dtype=np.float64), 0, -1) @ affine[:3, :3].T + affine[:3, 3]


def _small_chest(directions: np.ndarray) -> CTVolume:
    """Soft tissue with two boxes of lung and the balls in them, 2 x 2 x 2.5 mm, with i, j, k along the given directions (columns)."""
    affine = np.eye(4)
    shape, spacing = (90, 70, 48), np.array([2.0, 2.0, 2.5])
    affine[:3, :3] = directions * spacing
    affine[:3, 3] = np.array([0.0, 0.0, -223.0]) - affine[:3, :3] @ ((np.array(shape) - 1) / 2)
    points = _points(shape, affine)
    x, y, z = np.abs(points - np.array([0.0, 0.0, -223.0])).transpose(3, 0, 1, 2)
    hu = np.where((x < 84) & (y < 62), 40.0, -1000.0)
    hu[(x > 8) & (x < 76) & (y < 52) & (z < 52)] = -850.0
    for center, diameter in BALLS:
        hu[np.linalg.norm(points - center, axis=-1) <= diameter / 2] = 30.0
    return CTVolume(np.rint(hu).astype(np.float32), affine, CTSource("phantom"))


def _nodule(number: int, ct: CTVolume, lungs: LungMask, models: tuple[ModelProvenance, ...]) -> Nodule:
    """A ball, outlined as a network does it (soft edge, 1 mm cube) and measured."""
    center, diameter = BALLS[number - 1]
    affine = np.eye(4)
    affine[:3, 3] = np.asarray(center) - 31.5
    distance = diameter / 2 - np.linalg.norm(_points((64, 64, 64), affine) - center, axis=-1)
    outline = Outline((1 / (1 + np.exp(-np.clip(distance / 0.7, -40, 40)))).astype(np.float32), affine)
    measurements, kind = measure(outline, ct)
    ratings = {"subtlety": 4.31, "sphericity": 4.12, "margin": 3.87, "lobulation": 1.52, "spiculation": 2.24, "texture": 4.95}
    return Nodule(
        id=number,
        tracking_uid=nodule_tracking_uid(ct, models, measurements.center_lps_mm),
        type=kind,
        side=side(lungs, measurements.center_lps_mm),
        measurements=measurements,
        candidate=Candidate(center, diameter, 0.97 / number),
        grade=Grade(0.98765 / number, 4.234 / number, 0.87654 / number, {**ratings, "calcification": 0.0612}),
        outline=outline,
        location=Location(Region.POSTEROLATERAL, Third.UPPER, 12.34),
    )


@pytest.fixture(scope="session")
def small_chest_ct(tmp_path_factory: pytest.TempPathFactory, write_series: WriteSeries) -> Callable[..., CTVolume]:
    """``small_chest_ct(directions=, **arguments of write_series)``: the small chest, written as a DICOM series and read again."""

    def make(directions: np.ndarray | None = None, **arguments: Any) -> CTVolume:
        folder = tmp_path_factory.mktemp("series")
        write_series(_small_chest(np.eye(3) if directions is None else directions), folder, **arguments)
        return read_ct(folder)

    return make


@pytest.fixture(scope="session")
def examine() -> MakeDicomExamination:
    """``examine(ct, nodules=2)``: the examination of a small chest, measured on its balls."""

    def make(ct: CTVolume, nodules: int = 2) -> Examination:
        models = tuple(ModelProvenance(stage, f"{stage}_bundle", "0.3.0", f"{n:x}" * 64) for n, stage in enumerate(STAGES, start=1))
        points = _points(ct.shape, ct.affine_lps)
        labels = np.where(points[..., 0] < 0, RIGHT_LUNG, LEFT_LUNG) * (ct.hu < -500) * (np.abs(points[..., 1]) < 52)
        lungs = LungMask(labels.astype(np.uint8), ct.affine_lps, True)
        found = tuple(_nodule(number, ct, lungs, models) for number in range(1, nodules + 1))
        return Examination(
            ct=ct,
            lung_mask=lungs,
            lungs=LungFindings(lungs.volume_ml(LEFT_LUNG), lungs.volume_ml(RIGHT_LUNG), True, lung_extent(lungs)),
            nodules=found,
            nodule_labels=paint_labels(ct, [nodule.outline for nodule in found]),
            models=models,
            assessment=Assessment(lung_rads="4A" if nodules else "1", not_assessed=(NotAssessed("fleischner", "The age is not known."),)),
            timings_s={"reading": 1.23456, "detection": 20.0},
            peak_memory_mb=1234.5,
            generator_version="0.1.0",
        )

    return make


@pytest.fixture(scope="session")
def dicom_examination(small_chest_ct: Callable[..., CTVolume], examine: MakeDicomExamination) -> Examination:
    """A solid nodule of 13 mm in the right lung and one of 7 mm in the left."""
    return examine(small_chest_ct())
