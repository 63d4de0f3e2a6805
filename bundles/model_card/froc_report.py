"""A detector's ``froc.json`` in the form of the other evaluations."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nodulescope.bundles.errors import InputError
from nodulescope.bundles.metrics.bootstrap import Estimate
from nodulescope.bundles.metrics.evaluation_report import EvaluationReport, FigureRow, FigureTable, PlotFile, counted

PICTURE = "froc.png"

DEFINITIONS = (
    "LUNA16's protocol (Setio et al., Med Image Anal 42, 2017): a mark hits a nodule when it lies within its radius.",
    "Of several marks on a nodule the best counts; marks on excluded findings count neither way.",
    "CPM: mean sensitivity at 1/8, 1/4, 1/2, 1, 2, 4 and 8 false positives per scan. Intervals: 95 %, bootstrap over scans.",
)


def froc_report(file: Path, title: str) -> EvaluationReport:
    """Read what ``nodulescope evaluate detection`` wrote.

    Args:
        file: its ``froc.json``; the curve's picture is taken from beside it, where there is one.
        title: what was measured on what.

    Raises:
        InputError: not such a file.
    """
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        row = FigureRow("cpm", "CPM", {"network": _estimate(found["cpm"], found["cpm_interval"])}, headline=True)
        rows = [row, *(_row(point) for point in found["sensitivities"])]
        nodules, scans, false = int(found["nodules"]), int(found["scans"]), int(found["false_positives"])
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{file}: not the froc.json of `nodulescope evaluate detection`; write it again") from error
    columns = {"network": "network"}
    table = FigureTable(
        "detection",
        f"{counted(nodules, 'nodule')} in {counted(scans, 'scan')}, {counted(false, 'false mark')} in all",
        columns,
        tuple(rows),
    )
    plots = (PlotFile(PICTURE, "FROC curve"),) if (file.parent / PICTURE).is_file() else ()
    return EvaluationReport("detection", title, nodules, scans, {}, (table,), DEFINITIONS, plots)


def is_froc(values: Any) -> bool:
    """Whether JSON values look like a ``froc.json``."""
    return isinstance(values, Mapping) and {"cpm", "sensitivities"} <= values.keys()


def _row(point: Mapping[str, Any]) -> FigureRow:
    rate = float(point["false_positives_per_scan"])
    name = f"Sensitivity at {rate:g} false positive{'s' if rate > 1 else ''} per scan"
    return FigureRow(f"sensitivity_at_{rate:g}".replace(".", "_"), name, {"network": _estimate(point["sensitivity"], point["interval"])})


def _estimate(value: float, interval: list[float] | None) -> Estimate:
    low, high = interval or (math.nan, math.nan)
    return Estimate(float(value), float(low), float(high))
