from __future__ import annotations

import json
import shutil
from dataclasses import replace
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
from nodulescope.operators.dicom.ct_series import write_ct_series
from nodulescope.operators.examination import Status
from nodulescope.operators.examination.findings_json import validate_findings
from nodulescope.operators.guidelines.history import PatientHistory, Sex
from nodulescope.operators.models import open_models
from nodulescope.operators.stopwatch import Stopwatch

Balls = list[tuple[tuple[float, float, float], float]]


def test_a_series_is_analysed_and_everything_written(series: Path, settings: Settings, balls: Balls, tmp_path: Path) -> None:
    told: list[str] = []
    exam = analyze(series, tmp_path / "out", settings, told.append)
    assert tuple(told) == tuple(stage for stage in STAGE_NAMES if stage != "prior") == tuple(exam.timings_s)
    names = [
        "findings.json", "key-image-1.dcm", "key-image-2.dcm", "measurements.dcm", "report.dcm", "report.html", "report.pdf",
        "segmentation.dcm",
    ]  # fmt: skip
    assert sorted(f.name for f in (tmp_path / "out").iterdir()) == names
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
    first = pydicom.dcmread(next(series.iterdir()), stop_before_pixels=True)
    objects = [pydicom.dcmread(file) for file in (tmp_path / "out").glob("*.dcm")]
    assert {made.StudyInstanceUID for made in objects} == {first.StudyInstanceUID}
    assert len({made.SOPInstanceUID for made in objects}) == len(objects) == 5
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
    for old in ("segmentation.dcm", "measurements.dcm", "key-image-1.dcm", "mine.txt"):
        (out / old).write_text("old")
    write_nifti(chest_ct, tmp_path / "ct.nii.gz", (0, 1, 2), ())
    analyze(tmp_path / "ct.nii.gz", out, settings)
    assert sorted(f.name for f in out.iterdir()) == ["findings.json", "mine.txt", "report.html", "report.pdf"]


def assert_followed_up(findings: dict[str, Any]) -> None:
    """What becomes of the nodules of ``earlier_series`` within a year."""
    validate_findings(findings)
    grown, new = findings["nodules"]
    assert (grown["status"], new["status"], new["prior"]) == ("growing", "new", None)
    assert grown["prior"]["mean_diameter_mm"] == pytest.approx(10, abs=0.8)
    assert (grown["prior"]["study_date"], grown["prior"]["interval_days"]) == ("1999-01-01", 365)
    assert grown["prior"]["volume_doubling_time_days"] == pytest.approx(365 / np.log2((14 / 10) ** 3), rel=0.15)
    assert findings["prior"]["study_date"] == "1999-01-01"
    assert [(gone["id"], gone["side"]) for gone in findings["prior"]["resolved"]] == [(1, "left")]
    assert (grown["lung_rads"], findings["assessment"]["lung_rads_rows"]["1"]) == ("4B", "solid-growing-from-8")
    assert "nodules[].prior" in {item["what"] for item in findings["assessment"]["not_assessed"]}  # of the new one


def findings_of(folder: Path) -> dict[str, Any]:
    findings: dict[str, Any] = json.loads((folder / "findings.json").read_text(encoding="utf-8"))
    return findings


def test_a_prior_scan_is_analysed_and_compared(series: Path, earlier_series: Path, settings: Settings, tmp_path: Path) -> None:
    told: list[str] = []
    analyze(series, tmp_path, replace(settings, prior=earlier_series, language="zh"), told.append)
    assert tuple(told) == STAGE_NAMES
    findings = findings_of(tmp_path)
    assert_followed_up(findings)
    assert findings["prior"]["method"].startswith("lungs registered")
    earlier = examine(earlier_series, settings, Stopwatch())
    assert findings["nodules"][0]["tracking_uid"] == findings["nodules"][0]["prior"]["tracking_uid"] == earlier.nodules[1].tracking_uid
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "新发1个、增大1个、消失1个" in page.replace(" ", "")
    assert page.count('class="sheet"') == 3  # two nodules now, one of them in the prior too
    report = pydicom.dcmread(tmp_path / "measurements.dcm")
    assert "Volume doubling time" in str(report)


def test_a_prior_known_by_its_findings_is_compared(series: Path, earlier_series: Path, settings: Settings, tmp_path: Path) -> None:
    analyze(earlier_series, tmp_path / "before", settings)
    for number, prior in enumerate((tmp_path / "before", tmp_path / "before" / "findings.json")):
        analyze(series, tmp_path / str(number), replace(settings, prior=prior))
        findings = findings_of(tmp_path / str(number))
        assert_followed_up(findings)
        assert findings["prior"]["method"] == "extents of the lungs"


def test_an_older_study_in_the_input_is_compared_unless_it_shall_not(both_studies: Path, settings: Settings, tmp_path: Path) -> None:
    analyze(both_studies, tmp_path / "out", settings)
    assert_followed_up(findings_of(tmp_path / "out"))
    alone = examine(both_studies, replace(settings, compare_older=False), Stopwatch())
    assert (alone.comparison, {nodule.status for nodule in alone.nodules}) == (None, {Status.BASELINE})


def test_an_older_study_that_cannot_be_analysed_is_a_warning_and_one_that_was_named_an_error(
    both_studies: Path, settings: Settings, tmp_path: Path
) -> None:
    patient = tmp_path / "patient"
    shutil.copytree(both_studies, patient)
    for file in (patient / "before").iterdir():  # no lungs in it
        image = pydicom.dcmread(file)
        image.PixelData = np.pad(np.full((78, 98), 1064, np.int16), 1, constant_values=24).tobytes()
        image.save_as(file)
    exam = examine(patient, settings, Stopwatch())
    assert exam.comparison is None
    assert [w for w in exam.ct.source.warnings if "older CT study of 1999-01-01 in the input could not be analysed" in w]
    with pytest.raises(InputError, match="before: there are no lungs"):
        analyze(patient / "now", tmp_path / "out", replace(settings, prior=patient / "before"))
    assert not (tmp_path / "out").exists()


def test_age_and_sex_come_from_the_headers_and_the_rest_from_the_history(chest_ct: CTVolume, settings: Settings, tmp_path: Path) -> None:
    person = {"patient_id": "P1", "patient_name": "Phantom^One", "patient_sex": "F", "patient_birth_date": "19600101"}
    write_ct_series(chest_ct, tmp_path, **person, study_date="20200615")
    exam = examine(tmp_path, replace(settings, history=PatientHistory(emphysema=True)), Stopwatch())
    assert exam.assessment.lung_rads is not None
    assert {risk["unknown"] for risk in (exam.assessment.brock or {}).values()} <= {
        ("family_history", "upper_lobe"),
        ("family_history", "upper_lobe", "spiculation"),
    }
    assert {item.what: item.inputs for item in exam.assessment.not_assessed}["brock_population"] == ("smoking",)
    with pytest.raises(InputError, match="its DICOM header says sex female, the history says male"):
        examine(tmp_path, replace(settings, history=PatientHistory(sex=Sex.MALE)), Stopwatch())


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
