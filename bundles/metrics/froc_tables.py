"""A detector's marks and the truth, from the four tables of the LUNA16 evaluation; and the curve as a table."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nodulescope.bundles.data.luna16.tables import PROBABILITY, TableRow, read_findings, read_rows, read_series
from nodulescope.bundles.errors import InputError
from nodulescope.bundles.metrics.froc import RankedMarks, ScanMarks


@dataclass(frozen=True)
class MarkedScans:
    """What the four tables say.

    Attributes:
        series: the scans that are evaluated, as ``seriesuids.csv`` lists them.
        scans: truth and marks of each, in the same order; LPS mm.
        findings_elsewhere: nodules and excluded findings of scans that are not evaluated.
    """

    series: tuple[str, ...]
    scans: tuple[ScanMarks, ...]
    findings_elsewhere: int


def read_marked_scans(annotations: Path, series: Path, marks: Path, excluded: Path | None = None) -> MarkedScans:
    """Read truth and marks.

    Scans are known by their series instance UID. Where scans are numbers instead, that is where every name in every table consists of
    digits, leading zeros do not count: ``00783`` and ``783`` are the same scan.

    Args:
        annotations: nodules to be found (LUNA16's ``annotations.csv``).
        series: the scans to evaluate, those without nodules and marks too (``seriesuids.csv``). Findings of other scans are left out, as
            LUNA16's script does, so that one fold can be evaluated with the tables of all.
        marks: the detector's marks (``seriesuid,coordX,coordY,coordZ,probability``).
        excluded: findings that count neither way (``annotations_excluded.csv``).

    Raises:
        InputError: a table cannot be read, holds marks of a scan that is not evaluated, or no nodule of one that is.
    """
    listed = read_series(series)
    nodules, others, marked = read_findings(annotations), read_findings(excluded) if excluded else [], read_rows(marks, PROBABILITY)
    key = _scan_key([*listed, *(row.series for rows in (nodules, others, marked) for row in rows)])
    known = {key(name) for name in listed}
    if len(known) < len(listed):
        raise InputError(f"{series}: lists a scan twice, once with leading zeros; list each once")
    unknown = sorted({row.series for row in marked if key(row.series) not in known})
    if unknown:
        more = f" and {len(unknown) - 1} more" if len(unknown) > 1 else ""
        raise InputError(
            f"{marks}: has marks of the series {unknown[0]}{more}, which {series} does not list; give tables that belong together"
        )
    if not any(key(row.series) in known for row in nodules):
        raise InputError(f"{annotations}: has no nodule of any series that {series} lists; give tables that belong together")
    tables = [_by_scan(rows, key) for rows in (marked, nodules, others)]
    scans = tuple(ScanMarks(*(array for table in tables for array in _arrays(table.get(key(name), ())))) for name in listed)
    return MarkedScans(tuple(listed), scans, sum(key(row.series) not in known for row in (*nodules, *others)))


def write_curve(ranked: RankedMarks, path: Path) -> None:
    """Write the curve: one line per threshold, from the highest down."""
    found, false = ranked.counts()
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["threshold", "false_positives_per_scan", "sensitivity"])
        for threshold, rate, share in zip(
            ranked.thresholds, false[1:] / len(ranked.nodules), found[1:] / ranked.nodules.sum(), strict=True
        ):
            table.writerow([f"{threshold:.9g}", f"{rate:.9f}", f"{share:.9f}"])


def write_sensitivities(
    rates: NDArray[np.float64], sensitivity: NDArray[np.float64], lower: NDArray[np.float64], upper: NDArray[np.float64], path: Path
) -> None:
    """Write sensitivities with their intervals, one line per rate; an interval that was not asked for (NaN) stays empty."""
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["false_positives_per_scan", "sensitivity", "lower", "upper"])
        for row in zip(rates, sensitivity, lower, upper, strict=True):
            table.writerow(["" if np.isnan(value) else f"{value:.6f}" for value in row])


def _scan_key(names: Iterable[str]) -> Callable[[str], str]:
    if all(name.isdecimal() for name in names):
        return lambda name: name.lstrip("0") or "0"
    return lambda name: name


def _by_scan(rows: Iterable[TableRow], key: Callable[[str], str]) -> Mapping[str, list[TableRow]]:
    found: dict[str, list[TableRow]] = defaultdict(list)
    for row in rows:
        found[key(row.series)].append(row)
    return found


def _arrays(rows: Iterable[TableRow]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    values = np.array([(*row.center_lps_mm, row.value) for row in rows], dtype=np.float64).reshape(-1, 4)
    return values[:, :3], values[:, 3]
