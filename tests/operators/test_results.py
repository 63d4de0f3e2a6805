from __future__ import annotations

import os
from pathlib import Path

import pytest
from pydicom import dcmread

from nodulescope.bundles.errors import InputError, UsageError
from nodulescope.operators.examination import Examination
from nodulescope.operators.examination.findings_json import validate_findings
from nodulescope.operators.results import published_together, result_files, write_dicom_results, write_readable_results


def publish(out: Path, **files: str) -> None:
    with published_together(out) as staging:
        for name, content in files.items():
            (staging / name.replace("_", ".")).write_text(content)


def fail(out: Path, error: BaseException) -> None:
    with published_together(out) as staging:
        (staging / "findings.json").write_text("new")
        raise error


def test_results_appear_together(tmp_path: Path) -> None:
    out = tmp_path / "new" / "folder"
    with published_together(out) as staging:
        (staging / "findings.json").write_text("{}")
        assert not out.exists()
    assert [f.name for f in out.iterdir()] == ["findings.json"]
    assert [f.name for f in tmp_path.iterdir()] == ["new"]


@pytest.mark.parametrize("error", [InputError("x"), RuntimeError("x"), KeyboardInterrupt()])
def test_a_failure_leaves_no_file_and_no_folder(error: BaseException, tmp_path: Path) -> None:
    with pytest.raises(type(error)):
        fail(tmp_path / "new" / "folder", error)
    assert list(tmp_path.iterdir()) == []


def test_a_failure_leaves_earlier_results_as_they_were(tmp_path: Path) -> None:
    publish(tmp_path, findings_json="old")
    with pytest.raises(RuntimeError):
        fail(tmp_path, RuntimeError())
    assert [(f.name, f.read_text()) for f in tmp_path.iterdir()] == [("findings.json", "old")]


def test_old_results_are_replaced_and_foreign_files_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "sub").mkdir()
    publish(tmp_path, findings_json="old", report_html="old")
    publish(tmp_path, findings_json="new", report_html="new")
    assert {f.name: f.read_text() for f in tmp_path.iterdir() if f.is_file()} == {
        "notes.txt": "mine",
        "findings.json": "new",
        "report.html": "new",
    }
    assert (tmp_path / "sub").is_dir()


def test_results_of_another_examination_do_not_stay_beside_new_ones(tmp_path: Path) -> None:
    publish(tmp_path, findings_json="dicom", segmentation_dcm="dicom", measurements_dcm="dicom")
    publish(tmp_path, findings_json="nifti", report_html="nifti")
    assert sorted(f.name for f in tmp_path.iterdir()) == ["findings.json", "report.html"]


@pytest.mark.parametrize("place", [".", "below"])
def test_a_file_is_no_folder_and_that_is_told_before_the_work(place: str, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("mine")
    with pytest.raises(UsageError, match="cannot be written to") as refused, published_together(file / place):
        pytest.fail("no work may begin")
    assert refused.value.exit_code == 2
    assert file.read_text() == "mine"


def test_a_result_that_cannot_take_its_place_is_told(tmp_path: Path) -> None:
    (tmp_path / "findings.json").mkdir()
    with pytest.raises(UsageError, match="cannot be written to"):
        publish(tmp_path, findings_json="new")
    assert [f.name for f in tmp_path.iterdir()] == ["findings.json"]


def test_a_folder_that_is_read_only_is_refused(tmp_path: Path) -> None:
    out = tmp_path / "locked"
    if os.geteuid() == 0:  # to whom every folder is open, but the kernel's own
        out = Path("/proc/1/results")
    else:
        out.mkdir(mode=0o500)
    with pytest.raises(UsageError, match=f"^{out}: cannot be written to .*; choose another output folder$"), published_together(out):
        pytest.fail("no work may begin")


def test_dicom_input_gives_seg_sr_and_key_images(dicom_examination: Examination, tmp_path: Path) -> None:
    write_dicom_results(dicom_examination, tmp_path)
    assert sorted(f.name for f in tmp_path.iterdir()) == ["key-image-1.dcm", "key-image-2.dcm", "measurements.dcm", "segmentation.dcm"]


def test_people_programs_and_archives_get_a_report_each(dicom_examination: Examination, tmp_path: Path) -> None:
    import json

    write_readable_results(dicom_examination, tmp_path)
    assert sorted(f.name for f in tmp_path.iterdir()) == ["findings.json", "report.dcm", "report.html", "report.pdf"]
    assert dcmread(tmp_path / "report.dcm").EncapsulatedDocument.rstrip(b"\0") == (tmp_path / "report.pdf").read_bytes().rstrip(b"\0")
    findings = json.loads((tmp_path / "findings.json").read_text(encoding="utf-8"))
    validate_findings(findings)
    assert len(findings["nodules"]) == 2


def test_other_input_has_no_study_to_write_dicom_for(dicom_examination: Examination, tmp_path: Path) -> None:
    from dataclasses import replace

    plain = replace(dicom_examination.ct, source=replace(dicom_examination.ct.source, instances=()))
    write_dicom_results(replace(dicom_examination, ct=plain), tmp_path)
    assert list(tmp_path.iterdir()) == []
    write_readable_results(replace(dicom_examination, ct=plain), tmp_path, "zh")
    assert sorted(f.name for f in tmp_path.iterdir()) == ["findings.json", "report.html", "report.pdf"]
    assert 'lang="zh-Hans"' in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_key_images_of_an_earlier_analysis_go_and_files_are_named_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    for name in ("key-image-1.dcm", "key-image-2.dcm", "key-image-10.dcm", "report.pdf", "mine.dcm"):
        (tmp_path / name).write_text("old")
    assert [f.name for f in result_files(tmp_path)] == ["report.pdf", "key-image-1.dcm", "key-image-2.dcm", "key-image-10.dcm"]
    publish(tmp_path, findings_json="new", **{"key-image-1_dcm": "new"})
    assert [(f.name, f.read_text()) for f in result_files(tmp_path)] == [("findings.json", "new"), ("key-image-1.dcm", "new")]
    assert (tmp_path / "mine.dcm").read_text() == "old"
