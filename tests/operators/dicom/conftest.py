"""Result objects, the odd sources that they are made from, and the programs that check them."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Callable
from datetime import date

import numpy as np
import pytest
from highdicom.legacy import LegacyConvertedEnhancedCTImage
from highdicom.seg import Segmentation
from pydicom import dcmread
from pydicom.uid import generate_uid

from nodulescope.bundles.contracts import CTVolume
from nodulescope.operators.dicom.segmentation import write_segmentation
from nodulescope.operators.examination import (
    Assessment,
    Examination,
    Guideline,
    Nodule,
    NoduleType,
    NotAssessed,
    Recommendation,
    Status,
)
from nodulescope.operators.measurement import paint_labels
from nodulescope.operators.priors import PriorComparison, PriorStudy, ResolvedNodule
from nodulescope.operators.priors.prior_study import recorded
from nodulescope.operators.priors.registration import Method
from nodulescope.operators.reading import read_ct

OBLIQUE = np.array([[np.cos(0.2), -np.sin(0.2), 0], [np.sin(0.2), np.cos(0.2), 0], [0, 0, 1]])


@pytest.fixture(scope="session", params=["axial", "upside down", "turned", "multi-frame"])
def any_examination(request, small_chest_ct, examine, multi_frame_ct) -> Examination:
    """The same examination on images that lie differently."""
    if request.param == "multi-frame":
        return examine(multi_frame_ct)
    directions = {"axial": np.eye(3), "upside down": np.diag([-1.0, 1.0, -1.0]), "turned": OBLIQUE}[request.param]
    return examine(small_chest_ct(directions))


@pytest.fixture(scope="session")
def multi_frame_ct(small_chest_ct: Callable[..., CTVolume], tmp_path_factory: pytest.TempPathFactory) -> CTVolume:
    """The small chest as one enhanced object whose frames are stored from head to feet."""
    classic = small_chest_ct(seed="multi-frame")
    slices = [dcmread(header.filename) for header in reversed(classic.source.instances)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        enhanced = LegacyConvertedEnhancedCTImage(
            slices, series_instance_uid=generate_uid(), series_number=2, sop_instance_uid=generate_uid(), instance_number=1
        )
    folder = tmp_path_factory.mktemp("enhanced")
    enhanced.save_as(folder / "enhanced.dcm")
    return read_ct(folder)


def _prior(number: int, **known: object) -> dict[str, object]:
    """What a comparison tells of a nodule that the prior shows too."""
    return {
        "tracking_uid": f"1.2.826.{number}",
        "id": number,
        "study_date": "1999-06-30",
        "interval_days": 185,
        "type": "solid",
        "long_axis_mm": 10.46,
        "short_axis_mm": 8.04,
        "mean_diameter_mm": 9.25,
        "solid_diameter_mm": None,
        "volume_mm3": 412.345678,
        "center_lps_mm": [1.0, 2.0, 3.0],
        "volume_change_percent": 63.21987,
        "volume_doubling_time_days": 261.77,
        "mean_diameter_change_mm": 1.6333333,
        "solid_diameter_change_mm": None,
        "lung_rads_growth": True,
        "solid_lung_rads_growth": None,
        "registration_distance_mm": 2.25,
        **known,
    }


def _moved(nodule: Nodule, number: int, shift_mm: tuple[float, float, float]) -> Nodule:
    """The same nodule at another place."""
    affine = nodule.outline.affine_lps.copy()
    affine[:3, 3] += shift_mm
    sizes = nodule.measurements

    def there(point: tuple[float, float, float]) -> tuple[float, float, float]:
        x, y, z = (a + b for a, b in zip(point, shift_mm, strict=True))
        return x, y, z

    moved = dataclasses.replace(
        sizes,
        center_lps_mm=there(sizes.center_lps_mm),
        long_axis_lps_mm=(there(sizes.long_axis_lps_mm[0]), there(sizes.long_axis_lps_mm[1])),
        short_axis_lps_mm=(there(sizes.short_axis_lps_mm[0]), there(sizes.short_axis_lps_mm[1])),
    )
    outline = dataclasses.replace(nodule.outline, affine_lps=affine)
    return dataclasses.replace(nodule, id=number, tracking_uid=f"1.2.3.{number}", measurements=moved, outline=outline)


@pytest.fixture(scope="session")
def crowd(small_chest_ct, examine) -> Callable[[int], Examination]:
    """``crowd(n)``: the small chest with n balls of 7 mm in its left lung, 9 mm apart."""

    def make(count: int) -> Examination:
        exam = examine(small_chest_ct())
        ball = exam.nodules[1]
        nodules = tuple(_moved(ball, n + 1, (-18.0 + 9.0 * (n % 6), -27.0 + 9.0 * (n // 6 % 7), 9.0 * (n // 42))) for n in range(count))
        labels = paint_labels(exam.ct, [nodule.outline for nodule in nodules])
        return dataclasses.replace(exam, nodules=nodules, nodule_labels=labels)

    return make


@pytest.fixture(scope="session")
def rich_examination(crowd: Callable[[int], Examination]) -> Examination:
    """A growing mass, a stable part-solid, a new ground-glass, a shrinking calcified nodule and one that the prior does not tell of."""
    exam = crowd(5)
    mass, part_solid, ground_glass, calcified, unknown = exam.nodules
    large = {"long_axis_mm": 36.24, "short_axis_mm": 30.61, "mean_diameter_mm": 33.43, "volume_mm3": 19012.4}
    nodules = (
        dataclasses.replace(
            mass,
            measurements=dataclasses.replace(mass.measurements, **large),
            status=Status.GROWING,
            prior=_prior(1),
            tracking_uid="1.2.826.1",
            lung_rads="4B",
        ),
        dataclasses.replace(
            part_solid,
            type=NoduleType.PART_SOLID,
            measurements=dataclasses.replace(part_solid.measurements, solid_diameter_mm=5.57),
            status=Status.STABLE,
            prior=_prior(2, type="part-solid", solid_diameter_mm=4.4, solid_diameter_change_mm=1.17, volume_doubling_time_days=None),
            lung_rads="3",
        ),
        dataclasses.replace(ground_glass, type=NoduleType.GROUND_GLASS, status=Status.NEW, lung_rads="2"),
        dataclasses.replace(
            calcified,
            type=NoduleType.CALCIFIED,
            status=Status.SHRINKING,
            prior=_prior(4, study_date=None, interval_days=None, volume_doubling_time_days=None, volume_change_percent=-30.5),
            lung_rads="1",
        ),
        unknown,
    )
    assessment = Assessment(
        lung_rads="4B",
        fleischner="Fleischner 2017 (found by chance): CT in 3 to 6 months.",
        brock={
            "2": {"low": 0.012345, "high": 0.2468, "unknown": ["age", "upper_lobe"]},
            "3": {"low": 0.0421, "high": 0.0421, "unknown": []},
        },
        not_assessed=(NotAssessed("airway_nodules", "Whether a nodule lies in an airway was not assessed."),),
        lung_rads_rows={"1": "mass", "2": "part-solid-baseline-solid-part-under-6"},
        bts={"2": "subsolid-ct"},
        recommendations=(
            Recommendation(Guideline.LUNG_RADS, "work-up", (1,), pet_ct=True),
            Recommendation(Guideline.FLEISCHNER, "multiple-subsolid-by-most-suspicious", (2, 3), (3, 6), provided=("age",)),
            Recommendation(Guideline.BTS, "subsolid-ct", (2,), (3, 3)),
        ),
    )
    source = dataclasses.replace(exam.ct.source, warnings=("The slices are 2.5 mm apart.",))
    gone = dataclasses.replace(recorded(exam.nodules[0]), id=5, mean_diameter_mm=6.24, volume_mm3=127.4)
    comparison = PriorComparison(
        PriorStudy("prior", (gone,), "1.2.826", "1.2.826.5", date(1999, 6, 30)),
        185,
        Method.DEFORMABLE,
        lung_dice=0.97512,
        resolved=(ResolvedNodule(gone, gone.center_lps_mm),),
        warnings=("The prior does not cover the whole lungs.",),
    )
    ct = dataclasses.replace(exam.ct, source=source)
    return dataclasses.replace(exam, ct=ct, nodules=nodules, assessment=assessment, comparison=comparison)


@pytest.fixture(scope="session")
def segmentation(dicom_examination: Examination, tmp_path_factory: pytest.TempPathFactory) -> Segmentation:
    """The Segmentation of the examination, as :func:`write_segmentation` returns it."""
    return write_segmentation(dicom_examination, tmp_path_factory.mktemp("results") / "segmentation.dcm")
