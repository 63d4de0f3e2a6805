from __future__ import annotations

import io
import math
from pathlib import Path

import pytest

from nodulescope.bundles.errors import InputError
from nodulescope.bundles.metrics.graded_cases import COLUMNS, GradedCase, read_cases, require_each_once, write_cases

FULL = GradedCase("a_1", "p1", True, (5.0, 4.0), 0.97654321, 4.1234567, 0.00012345678, 12.5, 3.5, 0.25, run=2)
BARE = GradedCase("empty", "p2", False, (), 0.1, 1.5, 0.2)


def write(folder: Path, text: str) -> Path:
    path = folder / "cases.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_cases_survive_the_table(tmp_path: Path) -> None:
    stream = io.StringIO()
    write_cases([FULL, BARE], stream)
    full, bare = read_cases(write(tmp_path, stream.getvalue()))
    assert full == FULL
    assert (bare.case, bare.patient, bare.nodule, bare.reader_malignancy) == ("empty", "p2", False, ())
    assert math.isnan(bare.diameter_mm) and math.isnan(bare.size_malignancy) and math.isnan(bare.slice_cnn_probability)
    assert stream.getvalue().splitlines()[0] == ",".join(COLUMNS)


def test_answers_of_others_need_the_filled_columns_only(tmp_path: Path) -> None:
    header = "case,patient,nodule,reader_malignancy,probability,malignancy,malignancy_probability"
    (case,) = read_cases(write(tmp_path, f"{header}\nx,p,1,5;;4,0.5,3.5,0.75\n"))
    assert case.reader_malignancy == (5.0, 4.0)
    assert (case.malignancy, case.run) == (3.5, 0)


@pytest.mark.parametrize(
    "line", ["x,p,1,5;9,0.5,3.5,0.75", "x,p,1,5,1.5,3.5,0.75", "x,p,1,5,0.5,nan,0.75", "x,p,yes,5,0.5,3.5,0.75", "x,p,1,5,0.5,3.5,"]
)
def test_impossible_numbers_are_refused(line: str, tmp_path: Path) -> None:
    header = "case,patient,nodule,reader_malignancy,probability,malignancy,malignancy_probability"
    with pytest.raises(InputError, match=r"cases\.csv: not a table of graded cases"):
        read_cases(write(tmp_path, f"{header}\n{line}\n"))


def test_missing_columns_and_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="its columns are case,patient"):
        read_cases(write(tmp_path, "case,patient\nx,p\n"))
    with pytest.raises(InputError, match=r"none\.csv: there is no such table"):
        read_cases(tmp_path / "none.csv")


def test_a_case_counts_once() -> None:
    require_each_once([FULL, BARE], "pool")
    with pytest.raises(InputError, match="pool: a_1 was graded twice"):
        require_each_once([FULL, BARE, FULL], "pool")
