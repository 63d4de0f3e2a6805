"""Graded cubes beside what their readers said, and the table ``cases.csv`` that keeps them.

Columns of the table: ``case`` (the cube's file without its ending), ``patient``, ``run`` (which of the evaluated networks answered, from
0), ``nodule`` (1 or 0), ``reader_malignancy`` (one rating per reader, separated by semicolons, empty where a reader gave none),
``diameter_mm`` (of the ball with the volume of the readers' outline), ``size_malignancy`` (the rating that this diameter alone foretells,
fitted on training patients), ``probability`` (that there is a nodule), ``malignancy`` (1 to 5), ``malignancy_probability`` (that a reader
rates it above 3) and ``slice_cnn_probability`` (the same from the 2-D baseline). The columns of size and baseline may be empty.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from nodulescope.bundles.errors import InputError
from nodulescope.bundles.metrics.agreement import SCALE

COLUMNS = (
    "case",
    "patient",
    "run",
    "nodule",
    "reader_malignancy",
    "diameter_mm",
    "size_malignancy",
    "probability",
    "malignancy",
    "malignancy_probability",
    "slice_cnn_probability",
)


@dataclass(frozen=True)
class GradedCase:
    """One cube with its readers' malignancy and the networks' answers; NaN where there is no number.

    Attributes:
        case: its name.
        patient: whose it is.
        nodule: whether there is a nodule in the middle.
        reader_malignancy: 1 to 5, one per reader who rated it.
        probability: of a nodule, by the network.
        malignancy: 1 to 5, by the network.
        malignancy_probability: that a reader rates it above 3, by the network.
        diameter_mm: of the ball with the volume of the readers' outline.
        size_malignancy: the rating that the diameter alone foretells.
        slice_cnn_probability: malignancy above 3, by the 2-D baseline.
        run: which of several networks answered.
    """

    case: str
    patient: str
    nodule: bool
    reader_malignancy: tuple[float, ...]
    probability: float
    malignancy: float
    malignancy_probability: float
    diameter_mm: float = math.nan
    size_malignancy: float = math.nan
    slice_cnn_probability: float = math.nan
    run: int = 0


def write_cases(cases: Iterable[GradedCase], file: TextIO) -> None:
    """Write the table."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    for case in cases:
        numbers = (case.diameter_mm, case.size_malignancy, case.probability, case.malignancy, case.malignancy_probability)
        readers = ";".join(_text(rating) for rating in case.reader_malignancy)
        values = [_text(number) for number in (*numbers, case.slice_cnn_probability)]
        writer.writerow([case.case, case.patient, case.run, int(case.nodule), readers, *values])


def read_cases(path: Path) -> list[GradedCase]:
    """Read a table.

    Raises:
        InputError: missing, without one of the columns that must be filled, or with a number that cannot be.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return [_case(row) for row in csv.DictReader(file)]
    except OSError as error:
        raise InputError(
            f"{path}: there is no such table of answers; `nodulescope evaluate grading -o DIR` writes DIR/cases.csv"
        ) from error
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"{path}: not a table of graded cases ({' '.join(str(error).split())}); its columns are {','.join(COLUMNS)}"
        ) from error


def require_each_once(cases: Sequence[GradedCase], where: str) -> None:
    """Refuse a pool in which a case stands twice: it would count twice, and one of its networks may have seen it.

    Raises:
        InputError: names the case.
    """
    known: set[tuple[str, str]] = set()
    for case in cases:
        if (case.patient, case.case) in known:
            raise InputError(
                f"{where}: {case.case} was graded twice; pool runs whose patients are apart, such as the folds of one datalist"
            )
        known.add((case.patient, case.case))


def _case(row: Mapping[str, str]) -> GradedCase:
    ratings = tuple(_number(text, "reader_malignancy", *SCALE) for text in row["reader_malignancy"].split(";") if text.strip())
    return GradedCase(
        case=row["case"],
        patient=row["patient"],
        nodule=bool(int(row["nodule"])),
        reader_malignancy=ratings,
        probability=_number(row["probability"], "probability", 0, 1),
        malignancy=_number(row["malignancy"], "malignancy", *SCALE),
        malignancy_probability=_number(row["malignancy_probability"], "malignancy_probability", 0, 1),
        diameter_mm=_optional(row, "diameter_mm", 0, math.inf),
        size_malignancy=_optional(row, "size_malignancy", *SCALE),
        slice_cnn_probability=_optional(row, "slice_cnn_probability", 0, 1),
        run=int(row.get("run") or 0),
    )


def _number(text: str, column: str, low: float, high: float) -> float:
    value = float(text)
    if not low <= value <= high:
        raise ValueError(f"{column} {text} is not between {low} and {high}")
    return value


def _optional(row: Mapping[str, str], column: str, low: float, high: float) -> float:
    text = row.get(column) or ""
    return _number(text, column, low, high) if text.strip() else math.nan


def _text(number: float) -> str:
    return "" if math.isnan(number) else f"{number:.8g}"
