"""The pages of the room say what is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from nodulescope.operators.dicom import series_ranking

DOCS = Path(series_ranking.__file__).with_name("docs")
TESTS = Path(__file__).parents[2]
NAMED = re.findall(r"`([\w/]+\.py)::(\w+)`", (DOCS / "odd-input.md").read_text(encoding="utf-8"))


def test_the_page_on_the_ranking_names_the_criteria_of_the_code_in_their_order():
    listed = re.findall(r"^\d+\. \*\*(.+?)\*\*", (DOCS / "choosing-the-series.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert listed == [name for name, _ in series_ranking.RANKING]


def test_every_line_of_the_page_on_odd_input_names_a_test():
    lines = [line for line in (DOCS / "odd-input.md").read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    rows = [line for line in lines if not line.startswith("| Input")]
    assert len(NAMED) == len(rows)


@pytest.mark.parametrize(("file", "test"), NAMED)
def test_the_tests_that_the_page_on_odd_input_names_are_there(file, test):
    assert f"\ndef {test}(" in (TESTS / file).read_text(encoding="utf-8")
