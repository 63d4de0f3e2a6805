"""A bundle's key figures in its metadata."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from nodulescope.bundles.metrics.evaluation_report import EvaluationReport

KEY = "eval_metrics"
"""Where MONAI's metadata schema has a model's scores: names and numbers, nothing deeper."""


def eval_metrics(reports: Sequence[EvaluationReport]) -> dict[str, float]:
    """The headline figures of evaluations: ``TABLE_FIGURE`` with ``_low`` and ``_high`` for the ends of its interval.

    Each is its table's first column: the network. Of evaluations that measure the same figures the first one counts.
    """
    found: dict[str, float] = {}
    for report in reports:
        own: dict[str, float] = {}
        for table in report.tables:
            column = next(iter(table.columns), "")
            for row in (row for row in table.rows if row.headline and column in row.values):
                estimate, name = row.values[column], f"{table.key}_{row.key}"
                numbers = {name: estimate.value, f"{name}_low": estimate.low, f"{name}_high": estimate.high}
                own |= {key: round(number, row.digits + 1) for key, number in numbers.items() if math.isfinite(number)}
        found = own | found
    return found


def with_eval_metrics(metadata: Mapping[str, Any], reports: Sequence[EvaluationReport]) -> dict[str, Any]:
    """Metadata with these figures in place of earlier ones; a new entry stands before the format of the network's data."""
    figures = eval_metrics(reports)
    changed = {key: value for key, value in metadata.items() if key != KEY}
    later = list(changed)
    place = later.index("intended_use") if "intended_use" in changed else len(later)
    return dict([*list(changed.items())[:place], (KEY, figures), *list(changed.items())[place:]])
