"""Masks measured against true ones, and the table ``cases.csv`` that keeps them.

Columns of the table: ``case`` (the image's file without its ending), ``patient``, ``run`` (which of the evaluated networks answered, from
0), ``structure`` (``nodule``, ``right lung``, ``left lung`` or ``both lungs``), ``by`` (who made the mask: ``network``, the plain method
that stands beside it, or ``readers``, one row for each of them), ``diameter_mm`` (of the ball with the true volume), ``dice``,
``mean_surface_distance_mm``, ``hausdorff95_mm`` (both empty where a mask is), ``volume_mm3`` and ``truth_volume_mm3``.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from nodulescope.bundles.errors import InputError
from nodulescope.bundles.metrics.overlap import Overlap

OVERLAP_COLUMNS = ("dice", "mean_surface_distance_mm", "hausdorff95_mm", "volume_mm3", "truth_volume_mm3")
COLUMNS = ("case", "patient", "run", "structure", "by", "diameter_mm", *OVERLAP_COLUMNS)

NETWORK = "network"
READERS = "readers"


@dataclass(frozen=True)
class SegmentedCase:
    """One mask of one structure.

    Attributes:
        case: name of the image.
        patient: whose it is.
        structure: what was outlined.
        by: who outlined it: :data:`NETWORK`, :data:`READERS`, or the name of a plain method.
        diameter_mm: of the ball with the structure's true volume; the same for everyone who outlined it.
        overlap: with the truth; for a reader with the consensus of the others.
        run: which of several networks answered.
    """

    case: str
    patient: str
    structure: str
    by: str
    diameter_mm: float
    overlap: Overlap
    run: int = 0


def write_cases(cases: Iterable[SegmentedCase], file: TextIO) -> None:
    """Write the table."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    for case in cases:
        numbers = [_text(value) for value in (case.diameter_mm, *(getattr(case.overlap, name) for name in OVERLAP_COLUMNS))]
        writer.writerow([case.case, case.patient, case.run, case.structure, case.by, *numbers])


def read_cases(path: Path) -> list[SegmentedCase]:
    """Read a table.

    Raises:
        InputError: missing, or not such a table.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return [
                SegmentedCase(
                    case=row["case"],
                    patient=row["patient"],
                    structure=row["structure"],
                    by=row["by"],
                    diameter_mm=_number(row["diameter_mm"]),
                    overlap=Overlap(**{name: _number(row[name]) for name in OVERLAP_COLUMNS}),
                    run=int(row["run"]),
                )
                for row in csv.DictReader(file)
            ]
    except OSError as error:
        raise InputError(f"{path}: there is no such table; `nodulescope evaluate segmentation -o DIR` writes DIR/cases.csv") from error
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"{path}: not a table of measured masks ({' '.join(str(error).split())}); its columns are {','.join(COLUMNS)}"
        ) from error


def _number(text: str) -> float:
    return float(text) if text.strip() else math.nan


def _text(number: float) -> str:
    return "" if math.isnan(number) else f"{number:.8g}"
