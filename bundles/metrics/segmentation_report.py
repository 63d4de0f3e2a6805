"""How well masks agree with the truth, by structure or by size, beside readers and plain methods."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from nodulescope.bundles.metrics.bootstrap import Counts, Estimate, PatientBootstrap, repeated
from nodulescope.bundles.metrics.evaluation_report import EvaluationReport, FigureRow, FigureTable, counted
from nodulescope.bundles.metrics.outlined_cubes import DENSER_THAN_HU, STRUCTURE, THRESHOLD
from nodulescope.bundles.metrics.segmented_cases import NETWORK, READERS, SegmentedCase
from nodulescope.bundles.metrics.segmented_lungs import CLASSICAL, STRUCTURES

Floats = NDArray[np.float64]

SMALL_BELOW_MM = 6.0
"""Solid nodules below are not followed in most people (Fleischner Society 2017, MacMahon et al., Radiology 284:228)."""

VOLUME_TOLERANCE = 0.25
"""A smaller change is no growth: volumetry of one nodule varies by as much (BTS guidelines, Callister et al., Thorax 70:ii1, 2015)."""

COLUMN_NAMES = {NETWORK: "network", THRESHOLD: "threshold", CLASSICAL: "classical method", READERS: "readers"}

OUTLINE_DEFINITIONS = (
    "Truth is what at least half of a nodule's readers outlined.",
    "The network's outline is where its probability is above 0.5, the part nearest to the middle of the cube, as the application takes it.",
    f"Threshold: voxels denser than {DENSER_THAN_HU:.0f} HU, the part nearest to the middle.",
    "Each reader is compared with the consensus (at least half) of the other readers of the same nodule.",
    "Size classes: diameter of the ball with the true volume.",
)
LUNG_DEFINITIONS = (
    "The network's labels on the scan's own grid, as the application takes them, against the datalist's labels.",
    "Classical method: threshold, fill and closing without training; where the labels came from it, its column says nothing.",
)
SHARED_DEFINITIONS = (
    "Intervals: 95 %, percentiles of a bootstrap over patients.",
    "Surface distances are taken between voxel centres, from each surface to the other and back; a mask without a voxel has none.",
    "Missed: masks without a voxel; they count with Dice 0 and a volume error of -100 %.",
)

Key = tuple[str, str, str]
"""Table, row, column."""


def segmentation_report(
    cases: Sequence[SegmentedCase],
    *,
    title: str,
    settings: Mapping[str, object],
    draws: int,
    seed: int = 0,
    done: Callable[[int], None] | None = None,
) -> EvaluationReport:
    """All figures of measured masks.

    Args:
        cases: as :func:`~nodulescope.bundles.metrics.outlined_cubes.outline_cubes` or
            :func:`~nodulescope.bundles.metrics.segmented_lungs.segment_lungs` gives them.
        title: what they are.
        settings: what was asked for; goes into the report as it stands.
        draws: of the bootstrap.
        seed: of the bootstrap.
        done: told the number of finished draws.
    """
    bootstrap = PatientBootstrap((case.patient for case in cases), draws, seed)
    groups = size_groups(cases) if cases[0].structure == STRUCTURE else lung_groups(cases)
    arrays = {
        (key, by): (bootstrap.places([case.patient for case in rows]), _columns(rows))
        for key, (_, members) in groups.items()
        for by in COLUMN_NAMES
        if (rows := [case for case in members if case.by == by])
    }

    def measure(counts: Counts) -> dict[Key, float]:
        found: dict[Key, float] = {}
        for (key, by), (places, values) in arrays.items():
            index = repeated(counts, places)
            found |= {(key, row, by): figure for row, figure in _figures({n: v[index] for n, v in values.items()}).items()}
        return found

    estimates = bootstrap.estimates(measure, done)
    outlines = STRUCTURE in {case.structure for case in cases}
    return EvaluationReport(
        kind="segmentation",
        title=title,
        cases=len({(case.patient, case.case) for case in cases}),
        patients=len(bootstrap.patients),
        settings=settings,
        tables=tuple(_table(key, name, estimates, volume_digits=0 if outlines else 1) for key, (name, _) in groups.items()),
        definitions=(OUTLINE_DEFINITIONS if outlines else LUNG_DEFINITIONS) + SHARED_DEFINITIONS,
    )


def size_groups(cases: Sequence[SegmentedCase]) -> dict[str, tuple[str, list[SegmentedCase]]]:
    """Outlines of all sizes, of small nodules, and of larger ones, each with its title; groups without a case are left out."""
    groups = {
        "outline": ("Outlines of all", list(cases)),
        "outline_small": (f"Below {SMALL_BELOW_MM:.0f} mm:", [case for case in cases if case.diameter_mm < SMALL_BELOW_MM]),
        "outline_large": (f"{SMALL_BELOW_MM:.0f} mm and above:", [case for case in cases if case.diameter_mm >= SMALL_BELOW_MM]),
    }
    return {key: (f"{name} {_counted(members, 'nodule')}", members) for key, (name, members) in groups.items() if members}


def lung_groups(cases: Sequence[SegmentedCase]) -> dict[str, tuple[str, list[SegmentedCase]]]:
    """Both lungs together, then each, with a title."""
    groups = {structure: [case for case in cases if case.structure == structure] for structure in STRUCTURES}
    return {
        structure.replace(" ", "_"): (f"{structure.capitalize()}: {_counted(members, 'scan')}", members)
        for structure, members in groups.items()
        if members
    }


def _counted(cases: Sequence[SegmentedCase], what: str) -> str:
    own = [case for case in cases if case.by == NETWORK]
    return f"{counted(len(own), what)} of {counted(len({case.patient for case in own}), 'patient')}"


def _columns(cases: Sequence[SegmentedCase]) -> dict[str, Floats]:
    return {
        "dice": np.array([case.overlap.dice for case in cases]),
        "surface": np.array([case.overlap.mean_surface_distance_mm for case in cases]),
        "hausdorff95": np.array([case.overlap.hausdorff95_mm for case in cases]),
        "volume_error": np.array([case.overlap.volume_error for case in cases]),
        "volume": np.array([case.overlap.volume_mm3 for case in cases]),
    }


def _figures(values: Mapping[str, Floats]) -> dict[str, float]:
    relative = values["volume_error"][~np.isnan(values["volume_error"])]
    return {
        "dice": _mean(values["dice"]),
        "dice_median": _median(values["dice"]),
        "surface": _mean(values["surface"]),
        "hausdorff95": _mean(values["hausdorff95"]),
        "volume_bias": 100.0 * _mean(relative),
        "volume_error": 100.0 * _mean(np.abs(relative)),
        "volume_error_median": 100.0 * _median(np.abs(relative)),
        "volume_within": 100.0 * _mean((np.abs(relative) <= VOLUME_TOLERANCE).astype(np.float64)),
        "missed": 100.0 * _mean((values["volume"] == 0).astype(np.float64)),
    }


def _mean(values: Floats) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else math.nan


def _median(values: Floats) -> float:
    return float(np.median(values)) if len(values) else math.nan


def _table(key: str, title: str, estimates: Mapping[Key, Estimate], *, volume_digits: int) -> FigureTable:
    def row(name: str, text: str, digits: int = 3, unit: str = "", *, headline: bool = False) -> FigureRow:
        values = {by: estimate for (table, figure, by), estimate in estimates.items() if (table, figure) == (key, name)}
        return FigureRow(name, text, values, digits, unit, headline)

    rows = (
        row("dice", "Dice", headline=True),
        row("dice_median", "Dice, median"),
        row("surface", "Mean surface distance", 2, " mm", headline=True),
        row("hausdorff95", "95 % Hausdorff distance", 2, " mm"),
        row("volume_bias", "Volume error, signed", volume_digits, " %"),
        row("volume_error", "Volume error, absolute", volume_digits, " %"),
        row("volume_error_median", "Volume error, absolute, median", volume_digits, " %"),
        row("volume_within", f"Volume within {100 * VOLUME_TOLERANCE:.0f} %", 0, " %", headline=True),
        row("missed", "Missed", 0, " %"),
    )
    used = {column for each in rows for column in each.values}
    return FigureTable(key, title, {by: name for by, name in COLUMN_NAMES.items() if by in used}, rows)
