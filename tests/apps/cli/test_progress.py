from __future__ import annotations

import pytest

from nodulescope.apps.cli.progress import counting_progress, spoken, stage_progress


def test_without_a_terminal_progress_is_plain_lines_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    with stage_progress(("reading", "lung_segmentation"), shown=True) as begin:
        begin("reading")
        begin("lung_segmentation")
    assert capsys.readouterr() == ("", "[0/2] Reading\n[1/2] Lung segmentation\n")


def test_a_count_is_shown_from_its_start(capsys: pytest.CaptureFixture[str]) -> None:
    with counting_progress("Making phantoms", 2, shown=True) as done:
        done(1)
    assert capsys.readouterr() == ("", "[0/2] Making phantoms\n[1/2] Making phantoms\n")


def test_quiet_shows_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with stage_progress(("reading",), shown=False) as begin, counting_progress("x", 1, shown=False) as done:
        begin("reading")
        done(1)
    assert capsys.readouterr() == ("", "")


def test_on_a_terminal_there_is_a_bar(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    with stage_progress(("reading", "report"), shown=True) as begin:
        begin("report")
    err = capsys.readouterr().err
    assert "Report" in err
    assert "1/2" in err


def test_names_of_stages_are_spoken() -> None:
    assert spoken("nodule_detection") == "Nodule detection"
    assert spoken("dicom_results") == "DICOM results"
