"""LUNA16's tables: places in scans with a diameter or a probability, and lists of series."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nodulescope.bundles.errors import InputError

SERIES, COORDINATES = "seriesuid", ("coordX", "coordY", "coordZ")
DIAMETER, PROBABILITY = "diameter_mm", "probability"

UNKNOWN_DIAMETER_MM = 10.0
"""Diameter of a finding whose diameter is not known (-1 in the tables): what LUNA16's script takes for it."""

DELIMITERS = ("\t", ";", ",")
"""LUNA16's own tables have commas; published results have tabs too."""


@dataclass(frozen=True)
class TableRow:
    """One place in a scan.

    Attributes:
        series: series instance UID, or whatever names the scan.
        center_lps_mm: LUNA16's world coordinates, which are DICOM patient coordinates.
        value: diameter in mm, or probability.
    """

    series: str
    center_lps_mm: tuple[float, float, float]
    value: float


def read_findings(path: Path) -> list[TableRow]:
    """Read ``annotations.csv`` or ``annotations_excluded.csv``.

    Returns:
        Rows in their order; ``value`` is the diameter in mm, :data:`UNKNOWN_DIAMETER_MM` where the table says -1.

    Raises:
        InputError: see :func:`read_rows`, or a diameter is zero.
    """
    rows = read_rows(path, DIAMETER)
    if any(row.value == 0.0 for row in rows):
        raise InputError(
            f"{path}: a finding of series {next(r.series for r in rows if r.value == 0.0)} has a diameter of 0; write -1 for none"
        )
    return [row if row.value > 0.0 else TableRow(row.series, row.center_lps_mm, UNKNOWN_DIAMETER_MM) for row in rows]


def read_rows(path: Path, value: str) -> list[TableRow]:
    """Read a table of places.

    Args:
        path: CSV with a line of headings; further columns do not matter.
        value: heading of the column with the value.

    Raises:
        InputError: no such file, a column is missing, or something is not a finite number.
    """
    lines = _lines(path)
    if not lines:
        raise InputError(f"{path}: is empty; its first line must be {','.join((SERIES, *COORDINATES, value))}")
    delimiter = next((d for d in DELIMITERS if d in lines[0]), ",")
    table = csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
    headings = [heading.strip() for heading in next(table)]
    wanted = (SERIES, *COORDINATES, value)
    missing = [heading for heading in wanted if heading not in headings]
    if missing:
        raise InputError(f"{path}: has no column {', '.join(missing)}; its first line must be {','.join(wanted)}")
    columns = [headings.index(heading) for heading in wanted]
    return [_row(entries, columns, f"{path}, line {table.line_num}") for entries in table if entries]


def read_series(path: Path) -> list[str]:
    """Read ``seriesuids.csv``: one series per line, no headings (a line ``seriesuid`` is taken for one and left out).

    Raises:
        InputError: no such file, no series, or one of them twice.
    """
    listed = [line.replace("\t", ",").replace(";", ",").split(",")[0].strip() for line in _lines(path)]
    series = [name for name in listed if name and name != SERIES]
    if not series:
        raise InputError(f"{path}: lists no series; write one series instance UID per line")
    if len(set(series)) < len(series):
        raise InputError(f"{path}: lists the series {_first_repeated(series)} twice; list each once")
    return series


def read_patients(path: Path) -> dict[str, str]:
    """Read ``PatientId_SeriesUID.csv`` (patient, series; no headings) as a map from series to patient.

    Raises:
        InputError: no such file, or a line has not two entries.
    """
    pairs = [[entry.strip() for entry in row] for row in csv.reader(_lines(path)) if row]
    wrong = next((row for row in pairs if len(row) < 2 or not all(row[:2])), None)
    if wrong is not None:
        raise InputError(f"{path}: the line {','.join(wrong)!r} is not of the form PATIENT,SERIES")
    return {row[1]: row[0] for row in pairs}


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError as error:
        raise InputError(f"{path}: there is no such file") from error
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as a text table") from error


def _row(entries: Sequence[str], columns: Sequence[int], where: str) -> TableRow:
    try:
        series, *texts = (entries[column] for column in columns)
        x, y, z, number = map(float, texts)
    except (IndexError, ValueError) as error:
        raise InputError(f"{where}: {','.join(entries)!r} has not a series and four numbers where the headings say so") from error
    if not (math.isfinite(x) and math.isfinite(y) and math.isfinite(z) and math.isfinite(number)):
        raise InputError(f"{where}: {','.join(texts)} are not all finite")
    return TableRow(series.strip(), (x, y, z), number)


def _first_repeated(names: Sequence[str]) -> str:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    raise ValueError("no name is repeated")
