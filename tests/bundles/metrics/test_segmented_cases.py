from __future__ import annotations

import io
import math
from pathlib import Path

import pytest

from nodulescope.bundles.errors import InputError
from nodulescope.bundles.metrics.overlap import Overlap
from nodulescope.bundles.metrics.segmented_cases import SegmentedCase, read_cases, write_cases


def test_cases_survive_the_table(tmp_path: Path) -> None:
    case = SegmentedCase("a", "p1", "nodule", "network", 7.5, Overlap(0.8125, 0.25, 1.5, 220.0, 221.0), run=4)
    missed = SegmentedCase("b", "p2", "left lung", "classical", 90.0, Overlap(0.0, math.nan, math.nan, 0.0, 2e6))
    stream = io.StringIO()
    write_cases([case, missed], stream)
    file = tmp_path / "cases.csv"
    file.write_text(stream.getvalue(), encoding="utf-8")
    first, second = read_cases(file)
    assert first == case
    assert (second.structure, second.by, second.overlap.truth_volume_mm3) == ("left lung", "classical", 2e6)
    assert math.isnan(second.overlap.hausdorff95_mm)


def test_other_tables_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "cases.csv"
    file.write_text("case,patient\na,p\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"cases\.csv: not a table of measured masks"):
        read_cases(file)
    with pytest.raises(InputError, match=r"none\.csv: there is no such table"):
        read_cases(tmp_path / "none.csv")
