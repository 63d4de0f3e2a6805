"""What an evaluation found, in the one form that the screen, ``metrics.json`` and the model cards are made from."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nodulescope.bundles.errors import InputError
from nodulescope.bundles.metrics.bootstrap import Estimate

FORMAT = "nodulescope evaluation"
FORMAT_VERSION = 1


@dataclass(frozen=True)
class FigureRow:
    """One figure, for each of those who are compared.

    Attributes:
        key: short name for machines, unique in its table.
        name: what a person reads.
        values: by column; a column may be missing.
        digits: after the decimal point.
        unit: written behind the number, such as ``" mm"``.
        headline: whether it goes into the bundle's metadata.
    """

    key: str
    name: str
    values: Mapping[str, Estimate]
    digits: int = 3
    unit: str = ""
    headline: bool = False

    def text(self, column: str) -> str:
        """``0.930 (0.901 to 0.952)``; empty where there is no value."""
        estimate = self.values.get(column)
        if estimate is None or not math.isfinite(estimate.value):
            return ""
        value = f"{estimate.value:.{self.digits}f}{self.unit}"
        if not math.isfinite(estimate.low):
            return value
        return f"{value} ({estimate.low:.{self.digits}f} to {estimate.high:.{self.digits}f})"


@dataclass(frozen=True)
class FigureTable:
    """Figures of one set of cases.

    Attributes:
        key: short name for machines, unique in its report.
        title: what was measured, on how many.
        columns: key of each column, and the name that a person reads.
        rows: the figures.
    """

    key: str
    title: str
    columns: Mapping[str, str]
    rows: tuple[FigureRow, ...]

    def row(self, key: str) -> FigureRow:
        """The row of a key."""
        return next(row for row in self.rows if row.key == key)


@dataclass(frozen=True)
class PlotFile:
    """A picture beside the report.

    Attributes:
        file: its name.
        caption: what it shows.
    """

    file: str
    caption: str


@dataclass(frozen=True)
class EvaluationReport:
    """All that one evaluation found.

    Attributes:
        kind: ``grading``, ``segmentation`` or ``detection``.
        title: what was measured on what.
        cases: how many were scored.
        patients: how many they belong to.
        settings: what was asked for: datalists, weights and their hashes, options; names of files, never their folders.
        tables: the figures.
        definitions: sentences that say how the figures are defined.
        plots: pictures.
    """

    kind: str
    title: str
    cases: int
    patients: int
    settings: Mapping[str, Any]
    tables: tuple[FigureTable, ...]
    definitions: tuple[str, ...]
    plots: tuple[PlotFile, ...] = field(default=())

    def table(self, key: str) -> FigureTable:
        """The table of a key."""
        return next(table for table in self.tables if table.key == key)

    def to_json(self) -> dict[str, Any]:
        """The report as plain JSON values."""
        return {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "kind": self.kind,
            "title": self.title,
            "cases": self.cases,
            "patients": self.patients,
            "settings": dict(self.settings),
            "tables": [_table_to_json(table) for table in self.tables],
            "definitions": list(self.definitions),
            "plots": [vars(plot) for plot in self.plots],
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> EvaluationReport:
        """Read what :meth:`to_json` wrote."""
        return cls(
            kind=str(values["kind"]),
            title=str(values["title"]),
            cases=int(values["cases"]),
            patients=int(values["patients"]),
            settings=dict(values["settings"]),
            tables=tuple(_table_from_json(table) for table in values["tables"]),
            definitions=tuple(str(text) for text in values["definitions"]),
            plots=tuple(PlotFile(str(plot["file"]), str(plot["caption"])) for plot in values["plots"]),
        )


def counted(number: int, thing: str) -> str:
    """``1 nodule`` or ``2 nodules``."""
    return f"{number} {thing}{'' if number == 1 else 's'}"


def read_report(file: Path) -> EvaluationReport:
    """Read a ``metrics.json``.

    Raises:
        InputError: missing, no JSON, or not written by an evaluation of this version.
    """
    try:
        values = json.loads(file.read_text(encoding="utf-8"))
        if values["format"] != FORMAT or values["format_version"] != FORMAT_VERSION:
            raise ValueError(values["format"])
        return EvaluationReport.from_json(values)
    except OSError as error:
        raise InputError(f"{file}: there is no such file; `nodulescope evaluate ... -o DIR` writes DIR/metrics.json") from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(
            f"{file}: not the metrics.json of a nodulescope evaluation; run `nodulescope evaluate ... -o DIR` again"
        ) from error


def _table_to_json(table: FigureTable) -> dict[str, Any]:
    rows = [
        {
            "key": row.key,
            "name": row.name,
            "digits": row.digits,
            "unit": row.unit,
            "headline": row.headline,
            "values": {column: estimate.to_json() for column, estimate in row.values.items()},
        }
        for row in table.rows
    ]
    return {"key": table.key, "title": table.title, "columns": dict(table.columns), "rows": rows}


def _table_from_json(values: Mapping[str, Any]) -> FigureTable:
    rows = tuple(
        FigureRow(
            key=str(row["key"]),
            name=str(row["name"]),
            values={str(column): Estimate.from_json(estimate) for column, estimate in row["values"].items()},
            digits=int(row["digits"]),
            unit=str(row["unit"]),
            headline=bool(row["headline"]),
        )
        for row in values["rows"]
    )
    return FigureTable(str(values["key"]), str(values["title"]), {str(k): str(v) for k, v in values["columns"].items()}, rows)
