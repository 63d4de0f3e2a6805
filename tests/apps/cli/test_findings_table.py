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


def findings(*nodules: dict[str, Any], covered: bool = True, warnings: tuple[str, ...] = ()) -> dict[str, Any]:
    lungs = {"volume_ml": {"right": 2600, "left": 2100, "total": 4700}, "fully_covered": covered}
    return {"nodules": list(nodules), "lungs": lungs, "input": {"warnings": list(warnings)}}


def test_a_row_holds_what_a_reader_asks_for(make_finding: Callable[..., dict[str, Any]]) -> None:
    row = next(line for line in printed(findings(make_finding())).splitlines() if "solid" in line)
    assert re.split(r" {2,}", row.strip()) == ["1", "solid", "right", "10.7", "612", "93%", "3.6", "-61.5,20.2,-143.0"]


def test_a_mass_is_called_a_mass(make_finding: Callable[..., dict[str, Any]]) -> None:
    assert "part-solid mass" in printed(findings(make_finding(type="part-solid", is_mass=True)))


def test_no_nodules_lungs_cut_off_and_warnings_are_said() -> None:
    text = printed(findings(covered=False, warnings=("Slices are [thick].",)))
    assert "No nodules were found." in text
    assert "Lungs: right 2600 ml, left 2100 ml, together 4700 ml (the scan does not cover them fully)" in text
    assert "Note: Slices are [thick]." in text


def test_files_are_listed_unbroken() -> None:
    console = Console(width=20, color_system=None)
    file = Path("/a/very/long/path/that/is/wider/than/the/terminal/report.html")
    with console.capture() as capture:
        print_files(console, [file])
    assert capture.get() == f"Written:\n  {file}\n"


def test_a_point_is_written_as_the_command_line_takes_it() -> None:
    assert point_text((-61.5, 20.0, -143.04)) == "-61.5,20.0,-143.0"
