from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pydicom
import pytest

from nodulescope.apps.nodule_ct.chain import STAGE_NAMES, analyze, examine
from nodulescope.apps.nodule_ct.settings import Settings
from nodulescope.bundles.contracts import CTVolume
from nodulescope.bundles.coordinates import swap_ras_lps
from nodulescope.bundles.errors import BundleError, InputError, UsageError
from nodulescope.operators.examination.findings_json import validate_findings
from nodulescope.operators.models import open_models
from nodulescope.operators.stopwatch import Stopwatch

Balls = list[tuple[tuple[float, float, float], float]]


def test_a_series_is_analysed_and_everything_written(series: Path, settings: Settings, balls: Balls, tmp_path: Path) -> None:
    told: list[str] = []
    exam = analyze(series, tmp_path / "out", settings, told.append)
    assert tuple(told) == STAGE_NAMES == tuple(exam.timings_s)
    assert sorted(f.name for f in (tmp_path / "out").iterdir()) == ["findings.json", "measurements.dcm", "report.html", "segmentation.dcm"]
    findings = json.loads((tmp_path / "out" / "findings.json").read_text(encoding="utf-8"))
    validate_findings(findings)
    assert [n["id"] for n in findings["nodules"]] == [1, 2]
    assert [n["side"] for n in findings["nodules"]] == ["right", "left"]
    for nodule, (center, diameter) in zip(findings["nodules"], balls, strict=True):
        np.testing.assert_allclose(nodule["center_lps_mm"], center, atol=0.3)
        assert nodule["mean_diameter_mm"] == pytest.approx(diameter, abs=0.8)
    assert findings["lungs"]["volume_ml"]["right"] == pytest.approx(68 * 104 * 80 / 1000, rel=0.05)
    assert findings["lungs"]["fully_covered"]
    assert [m["version"] for m in findings["models"]] == ["9.0.0"] * 4
    segmentation, measurements = (pydicom.dcmread(tmp_path / "out" / name) for name in ("segmentation.dcm", "measurements.dcm"))
    first = pydicom.dcmread(next(series.iterdir()), stop_before_pixels=True)
    assert segmentation.StudyInstanceUID == measurements.StudyInstanceUID == first.StudyInstanceUID
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert page.lstrip().lower().startswith("<!doctype html>")


def write_nifti(ct: CTVolume, file: Path, axes: tuple[int, int, int], flipped: tuple[int, ...]) -> None:
    """The same CT with its axes in another order and direction."""
    hu, affine = ct.hu, ct.affine_lps.copy()
    for axis in flipped:
        affine[:3, 3] += affine[:3, axis] * (hu.shape[axis] - 1)
        affine[:3, axis] *= -1
        hu = np.flip(hu, axis)
    affine[:3, :3] = affine[:3, list(axes)]
    nibabel.save(nibabel.Nifti1Image(hu.transpose(axes).astype(np.int16), swap_ras_lps(affine)), file)


@pytest.mark.parametrize(("axes", "flipped"), [((0, 1, 2), (0, 1)), ((2, 0, 1), (1,))])
def test_nifti_gives_the_same_nodules_as_dicom(
    axes: tuple[int, int, int], flipped: tuple[int, ...], series: Path, chest_ct: CTVolume, settings: Settings, tmp_path: Path
) -> None:
    models = open_models(settings.bundles, settings.device)
    from_dicom = examine(series, settings, Stopwatch(), models)
    write_nifti(chest_ct, tmp_path / "ct.nii.gz", axes, flipped)
    from_nifti = examine(tmp_path / "ct.nii.gz", settings, Stopwatch(), models)
    assert len(from_dicom.nodules) == len(from_nifti.nodules) == 2
    for one, other in zip(from_dicom.nodules, from_nifti.nodules, strict=True):
        np.testing.assert_allclose(other.measurements.center_lps_mm, one.measurements.center_lps_mm, atol=0.1)
        assert other.measurements.mean_diameter_mm == pytest.approx(one.measurements.mean_diameter_mm, abs=0.1)
        assert other.measurements.volume_mm3 == pytest.approx(one.measurements.volume_mm3, rel=0.01)
        assert other.grade.malignancy == pytest.approx(one.grade.malignancy, rel=0.01)
        assert (other.side, other.type) == (one.side, one.type)
    assert from_nifti.lungs.total_ml == pytest.approx(from_dicom.lungs.total_ml, rel=0.01)


def test_other_formats_leave_no_dicom_behind(series: Path, chest_ct: CTVolume, settings: Settings, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    for old in ("segmentation.dcm", "measurements.dcm", "mine.txt"):
        (out / old).write_text("old")
    write_nifti(chest_ct, tmp_path / "ct.nii.gz", (0, 1, 2), ())
    analyze(tmp_path / "ct.nii.gz", out, settings)
    assert sorted(f.name for f in out.iterdir()) == ["findings.json", "mine.txt", "report.html"]


def test_what_shows_no_lungs_leaves_no_output(settings: Settings, tmp_path: Path) -> None:
    tissue = np.full((40, 40, 40), 40, np.int16)
    tissue[0] = -1000
    nibabel.save(nibabel.Nifti1Image(tissue, np.diag([3.0, 3.0, 3.0, 1.0])), tmp_path / "liver.nii.gz")
    with pytest.raises(InputError, match=r"liver\.nii\.gz: there are no lungs"):
        analyze(tmp_path / "liver.nii.gz", tmp_path / "out", settings)
    assert [f.name for f in tmp_path.iterdir()] == ["liver.nii.gz"]


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"bundles": {"liver": Path("/nowhere")}}, UsageError),
        ({"bundles": {"nodule_grading": Path("/nowhere")}}, BundleError),
        ({"device": "tpu9"}, UsageError),
        ({"series_uid": "1.2.3.4"}, (UsageError, InputError)),
    ],
)
def test_wrong_settings_are_told_and_nothing_is_written(changes: dict[str, Any], error: Any, series: Path, tmp_path: Path) -> None:
    with pytest.raises(error):
        analyze(series, tmp_path / "out", Settings(**{"device": "cpu", **changes}))
    assert list(tmp_path.iterdir()) == []
