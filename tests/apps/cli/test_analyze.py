from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from nodulescope.apps.cli.main import run
from nodulescope.bundles.data.phantoms import PhantomScan
from nodulescope.operators.examination.findings_json import validate_findings


@pytest.mark.slow
def test_a_study_is_analysed_and_json_is_all_that_is_printed(
    small_study: Path,
    small_phantom: PhantomScan,
    tmp_path: Path,
    require_weights: Callable[..., None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    require_weights()
    out = tmp_path / "result"
    assert run(["analyze", str(small_study), "-o", str(out), "--json", "--device", "cpu"]) == 0
    printed, err = capsys.readouterr()
    assert err == ""
    assert printed == (out / "findings.json").read_text(encoding="utf-8")
    findings = json.loads(printed)
    validate_findings(findings)
    names = {file.name for file in out.iterdir() if not file.name.startswith("key-image-")}
    assert names == {"findings.json", "report.html", "report.pdf", "segmentation.dcm", "measurements.dcm", "report.dcm"}
    assert len(list(out.glob("key-image-*.dcm"))) == len(findings["nodules"])
    assert findings["lungs"]["volume_ml"]["total"] == pytest.approx(small_phantom.lung_volumes_ml()["total"], rel=0.1)


@pytest.mark.slow
def test_the_table_and_the_files_are_printed(
    small_study: Path, tmp_path: Path, require_weights: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    require_weights()
    assert run(["analyze", str(small_study / "dicom"), "-o", str(tmp_path)]) == 0
    out, err = capsys.readouterr()
    assert f"  {tmp_path / 'report.html'}" in out.splitlines()
    assert f"  {tmp_path / 'segmentation.dcm'}" in out.splitlines()
    assert "Lungs: right" in out
    assert err.splitlines()[0] == "[0/10] Reading"


def test_an_abdomen_is_refused_with_exit_3_and_no_output(shared_data: Path, tmp_path: Path, require_weights: Callable[..., None]) -> None:
    require_weights("lung_segmentation")
    require_weights()
    scan, out = shared_data / "abdomen-no-lungs" / "example_ct.nii.gz", tmp_path / "out"
    program = Path(sys.executable).with_name("nodulescope")
    done = subprocess.run([program, "analyze", scan, "-o", out, "--quiet"], capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert done.stderr.count("\n") == 1
    assert "no lungs" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["empty-folder", "text.nii.gz", "absent"])
def test_inputs_that_are_no_ct_end_with_exit_3_and_one_line(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / name
    if name == "empty-folder":
        source.mkdir()
    elif name == "text.nii.gz":
        source.write_text("no image")
    assert run(["analyze", str(source), "-o", str(tmp_path / "out"), "-q"]) == 3
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"nodulescope: {source}: ")
    assert err.count("\n") == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "status", "told"),
    [
        (["--magnifications", "0,1"], 2, "magnifications"),
        (["--bundle", "liver=x"], 2, "there is no stage"),
        (["--settings", "/nowhere.yaml"], 2, "/nowhere.yaml"),
        (["--bundle", "nodule_detection=/nowhere"], 4, "/nowhere: not a MONAI bundle"),
        (["--device", "tpu9"], 2, "--device tpu9"),
        (["--history", "/nowhere.yaml"], 3, "/nowhere.yaml: No such file"),
        (["--language", "xx"], 2, "no report in the language 'xx'"),
        (["--prior", "/nowhere", "--no-prior"], 2, "--prior and --no-prior contradict each other"),
    ],
)
def test_wrong_options_are_refused(
    options: list[str], status: int, told: str, small_study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["analyze", str(small_study), "-o", str(tmp_path / "out"), "-q", *options]) == status
    err = capsys.readouterr().err
    assert told in err
    assert err.count("\n") == 1
    assert not (tmp_path / "out").exists()
