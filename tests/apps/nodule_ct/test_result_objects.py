"""The DICOM objects of a whole analysis before the validators, and read back."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from highdicom.seg import segread
from highdicom.sr import srread
from pydicom import dcmread

from nodulescope.apps.nodule_ct.chain import analyze
from nodulescope.apps.nodule_ct.settings import Settings
from nodulescope.operators.nodules import Thresholds

Errors = Callable[[Any], list[str]]

NOTHING_THERE = "copdgene-64/ct-64Dicom"
"""A chest on a grid of 64 x 64 pixels: the networks that follow rules find nothing on it, so its objects say that there is no nodule."""

REAL_SCANS = ("LIDC-IDRI-0001", "LIDC-IDRI-0002", "LUNG1-001/image", "Lung_Dx-A0001", NOTHING_THERE)

FEW = Thresholds(most_candidates=3, nodule_probability=0.0, smallest_mm=0.0)
"""For real scans: networks that follow rules find many spots there, and three of them are enough to be written down."""

LENGTHS = {"103339001": "long_axis_mm", "103340004": "short_axis_mm", "81827009": "mean_diameter_mm", "118565006": "volume_mm3"}
GROWTH = {
    "prior-interval": "interval_days",
    "volume-change": "volume_change_percent",
    "volume-doubling": "volume_doubling_time_days",
    "prior-diameter": "mean_diameter_mm",
    "prior-volume": "volume_mm3",
}


@pytest.fixture(scope="module", params=["first seen", "followed up", "no nodule"])
def results(request: pytest.FixtureRequest, settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Folders of a study and of the results of its analysis."""
    study: Path = request.getfixturevalue("both_studies" if request.param == "followed up" else "series")
    changes = {"thresholds": Thresholds(nodule_probability=1.0)} if request.param == "no nodule" else {}
    out = tmp_path_factory.mktemp("results")
    analyze(study, out, replace(settings, **changes))
    found = len(findings_of(out)["nodules"])
    assert found == (0 if request.param == "no nodule" else 2)
    assert len(list(out.glob("*.dcm"))) == 3 + found
    return study / "now" if request.param == "followed up" else study, out


def findings_of(folder: Path) -> Any:
    return json.loads((folder / "findings.json").read_text(encoding="utf-8"))


def test_every_object_keeps_to_its_definition(results: tuple[Path, Path], dciodvfy: Errors) -> None:
    for file in results[1].glob("*.dcm"):
        assert dciodvfy(file) == [], file.name


def test_all_objects_and_images_agree_on_patient_and_study(results: tuple[Path, Path], dcentvfy: Errors) -> None:
    study, out = results
    assert dcentvfy([*study.glob("*.dcm"), *out.glob("*.dcm")]) == []


def test_the_report_keeps_to_its_templates(results: tuple[Path, Path], sr_validator: Errors) -> None:
    assert sr_validator(results[1] / "measurements.dcm") == []


def test_numbers_read_back_are_those_of_the_findings(results: tuple[Path, Path]) -> None:
    _, out = results
    findings = findings_of(out)
    report = srread(out / "measurements.dcm")
    groups = report.content.get_volumetric_roi_measurement_groups()
    assert [str(group.tracking_uid) for group in groups] == [nodule["tracking_uid"] for nodule in findings["nodules"]]
    for group, nodule in zip(groups, findings["nodules"], strict=True):
        numbers = {item.name.value: item.value for item in group.get_measurements()}
        assert {key: numbers[code] for code, key in LENGTHS.items()} == {key: nodule[key] for key in LENGTHS.values()}
        known = nodule["prior"] or {}
        assert {key: numbers[code] for code, key in GROWTH.items() if code in numbers} == {
            k: known[k] for k in GROWTH.values() if k in known
        }
    segments = segread(out / "segmentation.dcm")
    tracked = [str(segment.get("TrackingUID", "")) for segment in segments.SegmentSequence]
    assert tracked == [*(nodule["tracking_uid"] for nodule in findings["nodules"]), "", ""]
    keys = {dcmread(file).InstanceNumber: dcmread(file).ImageComments for file in out.glob("key-image-*.dcm")}
    assert sorted(keys) == [nodule["id"] for nodule in findings["nodules"]]
    for nodule in findings["nodules"]:
        assert f"mean {nodule['mean_diameter_mm']} mm, {nodule['volume_mm3']} mm3" in keys[nodule["id"]]


def test_a_repeated_analysis_writes_the_same_objects(series: Path, settings: Settings, tmp_path: Path) -> None:
    for name in ("a", "b"):
        analyze(series, tmp_path / name, settings)
    for file in (tmp_path / "a").glob("*.dcm"):
        assert file.read_bytes() == (tmp_path / "b" / file.name).read_bytes(), file.name


@pytest.mark.slow
@pytest.mark.parametrize("scan", REAL_SCANS)
def test_objects_of_real_scans_hold_before_all_validators(
    scan: str, shared_data: Path, settings: Settings, dciodvfy: Errors, dcentvfy: Errors, sr_validator: Errors, tmp_path: Path
) -> None:
    folder = shared_data / scan
    exam = analyze(folder, tmp_path, replace(settings, thresholds=FEW))
    objects = sorted(tmp_path.glob("*.dcm"))
    assert bool(exam.nodules) == (scan != NOTHING_THERE)
    assert len(objects) == 3 + len(exam.nodules)
    assert {file.name: dciodvfy(file) for file in objects} == {file.name: [] for file in objects}
    assert dcentvfy([*objects, *(header.filename for header in exam.ct.source.instances)]) == []
    assert sr_validator(tmp_path / "measurements.dcm") == []
