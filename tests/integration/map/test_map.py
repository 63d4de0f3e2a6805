"""The MONAI Application Package as a hospital meets it: built without a network, run without rights, held against the command's result."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from nodulescope.apps.nodule_ct.packaging.verify import problems_of
from nodulescope.bundles.training.metadata import record_weights

pytestmark = pytest.mark.slow

LARGEST_BYTES = 1.6e9

OUTPUT, INPUT = "/var/holoscan/output", "/var/holoscan/input:ro"

OF_THE_MACHINE = ("timings_s", "peak_memory_mb")
"""Keys of the findings that the clock and the machine decide."""

PATIENCE_S = 600.0


def results_folder(parent: Path, name: str = "out") -> Path:
    """A folder that the image's user may write to."""
    folder = parent / name
    folder.mkdir()
    for path in (folder, *list(parent.parents)[:4], parent):
        path.chmod(path.stat().st_mode | 0o055)
    os.chown(folder, 1000, 1000)
    return folder


def findings_of(folder: Path) -> dict[str, Any]:
    content = json.loads((folder / "findings.json").read_text(encoding="utf-8"))
    return {key: value for key, value in content.items() if key not in OF_THE_MACHINE}


def dicom_objects(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*.dcm"))}


def test_the_context_that_was_built_is_whole(package: Any) -> None:
    assert problems_of(package.context) == []
    assert "--no-index" in (package.context / "requirements.txt").read_text(encoding="utf-8").splitlines()


def test_the_image_says_what_it_is_and_stays_small(package: Any) -> None:
    known = package.engine.inspect(package.image)
    assert known["Size"] < LARGEST_BYTES
    settings = known["Config"]
    assert (settings["User"], settings["StopSignal"], settings["WorkingDir"]) == ("1000:1000", "SIGTERM", "/var/holoscan")
    assert settings["Labels"]["org.opencontainers.image.base.name"] == package.base
    assert {"org.opencontainers.image.title", "org.opencontainers.image.version", "org.opencontainers.image.licenses"} < set(
        settings["Labels"]
    )
    assert settings["Healthcheck"]["Test"][-1] == "health"
    assert "HOLOSCAN_MODEL_PATH=/opt/holoscan/models" in settings["Env"]


def test_show_prints_the_manifests_of_the_context(package: Any) -> None:
    for name in ("app", "pkg"):
        shown = package.engine.run(package.image, "show", name)
        assert (shown.returncode, shown.stderr) == (0, "")
        assert json.loads(shown.stdout) == json.loads((package.context / "map" / f"{name}.json").read_text(encoding="utf-8"))


def test_extract_gives_out_what_the_image_holds(package: Any, tmp_path: Path) -> None:
    out = results_folder(tmp_path)
    assert package.engine.run(package.image, "extract", volumes={"/var/run/holoscan/export": out}).returncode == 0
    assert sorted(path.name for path in out.iterdir()) == ["app", "config", "docs", "models"]
    assert (out / "config" / "app.yaml").read_bytes() == (package.context / "app.yaml").read_bytes()
    weights = "models/nodule_detection/models/model.pt"
    assert (out / weights).read_bytes() == (package.context / weights).read_bytes()
    assert package.engine.run(package.image, "extract").returncode == 2  # an image has a folder there, and it is read-only


def test_the_image_finds_what_the_command_finds(package: Any, expected: Path, tmp_path: Path) -> None:
    out = results_folder(tmp_path)
    done = package.engine.run(package.image, volumes={INPUT: package.study, OUTPUT: out})
    assert done.returncode == 0, done.stderr[-4000:]
    assert sorted(path.name for path in out.iterdir()) == sorted(path.name for path in expected.iterdir())
    assert findings_of(out) == findings_of(expected)
    assert findings_of(out)["nodules"]
    assert {"segmentation.dcm", "measurements.dcm"} <= dicom_objects(expected).keys()
    assert dicom_objects(out) == dicom_objects(expected)
    assert "Phantom^" not in done.stdout + done.stderr


def test_the_self_test_passes(package: Any) -> None:
    done = package.engine.run(package.image, "self-test")
    assert done.returncode == 0, done.stdout + done.stderr[-4000:]
    lines = done.stdout.splitlines()
    assert {line.split()[0] for line in lines} == {"ok"}
    assert any("nodule of 13.7 mm in the left lung was found" in line for line in lines)


def test_a_mounted_bundle_is_used_and_named(package: Any, tmp_path: Path) -> None:
    own = tmp_path / "own"
    shutil.copytree(package.context / "models" / "nodule_grading", own)
    record_weights(own, "9.9.9", "The hospital's own.")
    out = results_folder(tmp_path)
    volumes = {INPUT: package.study, OUTPUT: out, "/opt/holoscan/models/nodule_grading:ro": own}
    assert package.engine.run(package.image, volumes=volumes).returncode == 0
    versions = {model["stage"]: model["version"] for model in findings_of(out)["models"]}
    assert versions["nodule_grading"] == "9.9.9"
    assert "9.9.9" not in {versions[stage] for stage in versions if stage != "nodule_grading"}


def test_failures_have_their_status_and_leave_nothing(package: Any, tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.mkdir()
    (text / "notes.txt").write_text("no image")
    broken = tmp_path / "broken"
    shutil.copytree(package.context / "models" / "nodule_grading", broken)
    (broken / "models" / "model.pt").write_bytes(b"damaged")
    out = results_folder(tmp_path)
    models = "/opt/holoscan/models/nodule_grading:ro"
    for status, volumes, environment in (
        (3, {INPUT: text, OUTPUT: out}, {}),
        (4, {INPUT: package.study, OUTPUT: out, models: broken}, {}),
        (2, {INPUT: package.study}, {}),  # the image itself is read-only
        (2, {INPUT: package.study, OUTPUT: out}, {"HOLOSCAN_TIMEOUT": "soon"}),
        (1, {INPUT: package.study, OUTPUT: out}, {"HOLOSCAN_TIMEOUT": "0.5"}),
    ):
        done = package.engine.run(package.image, volumes=volumes, **environment)
        assert done.returncode == status, done.stdout[-2000:] + done.stderr[-4000:]
        assert list(out.iterdir()) == []


def test_sigterm_ends_the_analysis_cleanly(package: Any, tmp_path: Path) -> None:
    engine, out = package.engine, results_folder(tmp_path)
    container = engine.begin(package.image, {INPUT: package.study, OUTPUT: out})
    health = ("exec", container, "python3", "-m", "nodulescope.apps.nodule_ct.container.entry_point", "health")
    deadline = time.monotonic() + PATIENCE_S
    while (told := engine.docker(*health, check=False).stdout) in ("", "healthy: no analysis has begun\n", "healthy: starting\n"):
        assert time.monotonic() < deadline, engine.docker("logs", container).stderr[-4000:]
        time.sleep(0.2)
    assert told.startswith("healthy: ")
    assert any(out.iterdir())  # it is about to write
    engine.docker("kill", "--signal=TERM", container)
    assert engine.docker("wait", container).stdout.strip() == "143"
    assert list(out.iterdir()) == []
    assert "stopped by SIGTERM; no result was written" in engine.docker("logs", container).stderr
