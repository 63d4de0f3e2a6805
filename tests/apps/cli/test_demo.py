from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from nodulescope.apps.cli.demo import comparison_line, comparison_table, lung_table
from nodulescope.apps.cli.main import run
from nodulescope.apps.cli.truth_matching import match_findings

TRUTH = {
    "center_lps_mm": [-61.0, 20.0, -143.0],
    "mean_diameter_mm": 10.0,
    "kind": "ground-glass",
    "place": "isolated",
    "side": "right",
    "ratings": {"malignancy": 2.5},
}


def cells(table: Any) -> list[list[str]]:
    console = Console(width=80, color_system=None)
    with console.capture() as capture:
        console.print(table)
    return [re.split(r" {2,}", line.strip()) for line in capture.get().splitlines()[4:] if line.strip()]


def test_found_missed_and_wrong_findings_are_all_shown(make_finding: Callable[..., dict[str, Any]]) -> None:
    truth = [TRUTH, TRUTH | {"center_lps_mm": [80.0, 0.0, 0.0], "kind": "solid", "side": "left"}]
    found = [make_finding(), make_finding(id=2, center_lps_mm=[0.0, 0.0, 0.0], side="left")]
    matches = match_findings(truth, found)
    assert cells(comparison_table(matches)) == [
        ["ground-glass, isolated", "10.0", "2.5", "found", "1 solid", "10.7", "3.6", "0.6 mm"],
        ["solid, isolated", "10.0", "2.5", "missed"],
        ["false", "2 solid", "10.7", "3.6"],
    ]
    assert comparison_line(matches) == "Found 1 of 2 nodules; 1 missed, 1 false."


def test_lungs_stand_beside_their_truth() -> None:
    truth, measured = {"right": 2000.0, "left": 1800.0, "total": 3800.0}, {"right": 2100, "left": 1710, "total": 3810}
    assert cells(lung_table(truth, measured)) == [
        ["right", "2000", "2100", "+5.0%"],
        ["left", "1800", "1710", "-5.0%"],
        ["total", "3800", "3810", "+0.3%"],
    ]


@pytest.mark.slow
def test_the_demo_finds_most_of_what_is_there(
    tmp_path: Path, require_weights: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    require_weights()
    assert run(["demo", "-o", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    truth = json.loads((tmp_path / "phantom_00000" / "truth.json").read_text(encoding="utf-8"))
    findings = json.loads((tmp_path / "analysis_00000" / "findings.json").read_text(encoding="utf-8"))
    report = tmp_path / "analysis_00000" / "report.html"
    assert f"Report: {report}" in out
    assert report.stat().st_size > 100_000
    assert {nodule["kind"] for nodule in truth["nodules"]} == {"solid", "part-solid", "ground-glass", "calcified"}
    matches = match_findings(truth["nodules"], findings["nodules"])
    assert comparison_line(matches) in out
    hits = sum(match.distance_mm is not None for match in matches)
    assert hits >= 4
    assert len(findings["nodules"]) - hits <= 4
    assert findings["lungs"]["volume_ml"]["total"] == pytest.approx(truth["lung_volumes_ml"]["total"], rel=0.1)
