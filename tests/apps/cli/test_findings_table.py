from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console

from nodulescope.apps.cli.findings_table import point_text, print_files, print_findings


def printed(findings: dict[str, Any]) -> str:
    console = Console(width=80, color_system=None)
    with console.capture() as capture:
        print_findings(console, findings)
    return capture.get()


def findings(
    *nodules: dict[str, Any],
    covered: bool = True,
    warnings: tuple[str, ...] = (),
    lung_rads: str | None = "4A",
    texts: tuple[str, ...] = (),
    prior: dict[str, Any] | None = None,
) -> dict[str, Any]:
    lungs = {"volume_ml": {"right": 2600, "left": 2100, "total": 4700}, "fully_covered": covered}
    assessment = {"lung_rads": lung_rads, "recommendations": [{"text": text} for text in texts]}
    source = {"selection_reason": "Series 2 was chosen from 3 CT series because it has thin slices.", "warnings": list(warnings)}
    return {"nodules": list(nodules), "prior": prior, "lungs": lungs, "input": source, "assessment": assessment}


def test_a_row_holds_what_a_reader_asks_for(make_finding: Callable[..., dict[str, Any]]) -> None:
    row = next(line for line in printed(findings(make_finding())).splitlines() if "solid" in line)
    assert re.split(r" {2,}", row.strip()) == ["1", "solid", "right", "10.7", "612", "93%", "3.6", "4A", "-61.5,20.2,-143.0"]


def test_a_mass_is_called_a_mass(make_finding: Callable[..., dict[str, Any]]) -> None:
    assert "part-solid mass" in printed(findings(make_finding(type="part-solid", is_mass=True)))


def test_the_longest_row_keeps_to_80_columns(make_finding: Callable[..., dict[str, Any]]) -> None:
    nodule = make_finding(
        id=12, type="part-solid", is_mass=True, mean_diameter_mm=34.5, volume_mm3=21000, center_lps_mm=[-161.5, -120.2, -1143.0]
    )
    row = next(line for line in printed(findings(nodule)).splitlines() if "part-solid" in line)
    assert row.split() == ["12", "part-solid", "mass", "right", "34.5", "21000", "93%", "3.6", "4A", "-161.5,-120.2,-1143.0"]


def test_what_changed_since_the_prior_is_said(make_finding: Callable[..., dict[str, Any]]) -> None:
    nodules = (
        make_finding(status="growing", prior={"volume_change_percent": 63.2}),
        make_finding(id=2, status="new", prior=None),
        make_finding(id=3, status="baseline", prior=None),
    )
    prior = {"study_date": "2023-02-28", "declined": None, "resolved": [{}, {}], "warnings": ["The prior is thick."]}
    text = printed(findings(*nodules, prior=prior))
    rows = [re.split(r" {2,}", line.strip()) for line in text.splitlines() if "solid" in line]
    assert [row[8] for row in rows] == ["+63%", "new", "–"]
    assert "Since the prior of 2023-02-28: 1 new, 1 growing, 2 resolved, 1 outside the prior\n" in text
    assert "Note: The prior is thick." in text
    declined = {**prior, "study_date": None, "declined": "The lungs do not fit.", "resolved": []}
    assert "Since the prior of an unknown day: not compared. The lungs do not fit.\n" in printed(findings(nodules[2], prior=declined))


def test_the_category_and_what_is_recommended_are_printed(make_finding: Callable[..., dict[str, Any]]) -> None:
    told = "Lung-RADS v2022 (screening): Low-dose CT in 3 months (nodule 1); PET/CT may be considered from 8 mm of solid tissue on."
    text = printed(findings(make_finding(), texts=(told,)))
    assert "Lung-RADS category 4A\n" in text
    assert f"{told}\n" in text
    assert "Lung-RADS category not assessed" in printed(findings(make_finding(lung_rads=None), lung_rads=None))


def test_no_nodules_lungs_cut_off_and_warnings_are_said() -> None:
    text = printed(findings(covered=False, warnings=("Slices are [thick].",)))
    assert "No nodules were found." in text
    assert "Lungs: right 2600 ml, left 2100 ml, together 4700 ml (the scan does not cover them fully)" in text
    assert "Series 2 was chosen from 3 CT series because it has thin slices.\nNote: Slices are [thick]." in text


def test_files_are_listed_unbroken() -> None:
    console = Console(width=20, color_system=None)
    file = Path("/a/very/long/path/that/is/wider/than/the/terminal/report.html")
    with console.capture() as capture:
        print_files(console, [file])
    assert capture.get() == f"Written:\n  {file}\n"


def test_a_point_is_written_as_the_command_line_takes_it() -> None:
    assert point_text((-61.5, 20.0, -143.04)) == "-61.5,20.0,-143.0"
