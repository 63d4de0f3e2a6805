"""The MONAI Deploy graph beside the plain chain, in processes of its own, as it is deployed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from nodulescope.apps.nodule_ct.chain import analyze
from nodulescope.apps.nodule_ct.settings import Settings
from nodulescope.bundles.predictors import STAGES

FAILURES = """
import json, os, pathlib, sys
from nodulescope.apps.nodule_ct.__main__ import main
from nodulescope.operators.deploy import assessment_operator

series, text, broken, root = map(pathlib.Path, sys.argv[1:])
status = {}

def run(name, *arguments):
    sys.argv = ["nodule_ct", *map(str, arguments)]
    status[name] = main()

run("broken input", "-i", text, "-o", root / "broken input")
run("broken bundle", "-i", series, "-o", root / "broken bundle", "-m", broken)
run("environment")
def fail(*arguments):
    raise RuntimeError("the operator fails")
assessment_operator.assess_examination = fail
run("failing operator", "-i", series, "-o", root / "failing operator")
(root / "status.json").write_text(json.dumps(status))
"""


def start(*command: Any, plain_networks: Path, **environment: Any) -> subprocess.CompletedProcess[str]:
    surroundings = {k: v for k, v in os.environ.items() if not k.startswith("HOLOSCAN_")}
    surroundings |= {"PYTHONPATH": str(plain_networks), "OMP_NUM_THREADS": "1", **{k: str(v) for k, v in environment.items()}}
    arguments = [sys.executable, "-W", "ignore", *map(str, command)]
    return subprocess.run(arguments, env=surroundings, capture_output=True, text=True, check=False)


def comparable(folder: Path) -> Any:
    """Findings without what the clock and the machine decide."""
    findings = json.loads((folder / "findings.json").read_text(encoding="utf-8"))
    return {key: value for key, value in findings.items() if key not in ("timings_s", "peak_memory_mb")}


@pytest.fixture(scope="module")
def expected(both_studies: Path, settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the chain writes of a study that lies beside an older one of the patient."""
    folder = tmp_path_factory.mktemp("chain")
    analyze(both_studies, folder, settings)
    assert comparable(folder)["prior"]["study_date"] == "1999-01-01"
    return folder


def assert_same_results(found: Path, expected: Path) -> None:
    assert sorted(f.name for f in found.iterdir()) == sorted(f.name for f in expected.iterdir())
    assert comparable(found) == comparable(expected)
    for name in (file.name for file in expected.iterdir() if file.suffix in (".dcm", ".pdf")):
        assert (found / name).read_bytes() == (expected / name).read_bytes()


@pytest.mark.slow
def test_the_graph_finds_what_the_chain_finds(
    both_studies: Path, models: Path, plain_networks: Path, expected: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    done = start("-m", "nodulescope.apps.nodule_ct", "-i", both_studies, "-o", out, "-m", models, plain_networks=plain_networks)
    assert done.returncode == 0, done.stderr[-4000:]
    assert_same_results(out, expected)
    timings = json.loads((out / "findings.json").read_text(encoding="utf-8"))["timings_s"]
    assert {"models", "reading", "lung_segmentation", "measurement", "prior", "dicom_results"} <= set(timings)


@pytest.mark.slow
def test_the_environment_says_where_and_failures_have_their_status(
    both_studies: Path, series: Path, models: Path, plain_networks: Path, expected: Path, tmp_path: Path
) -> None:
    text = tmp_path / "text"
    text.mkdir()
    (text / "notes.txt").write_text("no image")
    broken = tmp_path / "models"
    (broken / "nodule_grading" / "configs").mkdir(parents=True)
    for stage in STAGES[:-1]:
        (broken / stage).symlink_to(models / stage)
    places = {"HOLOSCAN_INPUT_PATH": both_studies, "HOLOSCAN_OUTPUT_PATH": tmp_path / "environment", "HOLOSCAN_MODEL_PATH": models}
    done = start("-c", FAILURES, series, text, broken, tmp_path, plain_networks=plain_networks, **places)
    assert (tmp_path / "status.json").is_file(), done.stderr[-4000:]
    status = json.loads((tmp_path / "status.json").read_text())
    assert status == {"broken input": 3, "broken bundle": 4, "environment": 0, "failing operator": 1}
    assert_same_results(tmp_path / "environment", expected)
    for name in ("broken input", "broken bundle", "failing operator"):
        assert list((tmp_path / name).glob("*")) == []  # the App SDK makes the folder itself
    assert list(tmp_path.glob(".*")) == []
    assert str(text) in done.stderr
    assert "Phantom^One" not in done.stderr + done.stdout
