from __future__ import annotations

import math

import numpy as np
import pytest

from nodulescope.bundles.metrics.overlap import Overlap
from nodulescope.bundles.metrics.segmentation_report import segmentation_report
from nodulescope.bundles.metrics.segmented_cases import SegmentedCase


def outline(number: int, diameter: float, dice: float, volume: float, truth: float, by: str = "network") -> SegmentedCase:
    surface = math.nan if volume == 0 else 1.0 + number
    return SegmentedCase(f"c{number}", f"p{number // 2}", "nodule", by, diameter, Overlap(dice, surface, 2 * surface, volume, truth))


CASES = [
    outline(0, 4.0, 0.5, 150.0, 100.0),
    outline(1, 5.9, 0.7, 80.0, 100.0),
    outline(2, 6.0, 0.9, 125.0, 100.0),
    outline(3, 20.0, 0.0, 0.0, 100.0),
    outline(0, 4.0, 0.8, 100.0, 110.0, "readers"),
    outline(0, 4.0, 0.6, 100.0, 90.0, "readers"),
]


def test_hand_computed_figures() -> None:
    report = segmentation_report(CASES, title="Outlines", settings={}, draws=0)
    assert [table.key for table in report.tables] == ["outline", "outline_small", "outline_large"]
    assert [table.title for table in report.tables] == [
        "Outlines of all 4 nodules of 2 patients",
        "Below 6 mm: 2 nodules of 1 patient",
        "6 mm and above: 2 nodules of 1 patient",
    ]
    everything = {row.key: row.values["network"].value for row in report.table("outline").rows}
    assert everything == pytest.approx(
        {
            "dice": 0.525,
            "dice_median": 0.6,
            "surface": 2.0,  # the missed one has no surface
            "hausdorff95": 4.0,
            "volume_bias": (50 - 20 + 25 - 100) / 4,
            "volume_error": (50 + 20 + 25 + 100) / 4,
            "volume_error_median": 37.5,
            "volume_within": 50.0,
            "missed": 25.0,
        }
    )
    large = {row.key: row.values["network"].value for row in report.table("outline_large").rows}
    assert (large["dice"], large["volume_within"], large["missed"]) == (pytest.approx(0.45), 50.0, 50.0)
    assert report.table("outline_small").row("dice").values["readers"].value == pytest.approx(0.7)
    assert "readers" not in report.table("outline_large").columns
    assert (report.cases, report.patients) == (4, 2)


def test_intervals_are_over_patients() -> None:
    rng = np.random.default_rng(0)
    dice = np.repeat(rng.uniform(0.4, 1.0, 12), 2)  # both nodules of a patient are alike
    cases = [outline(n, 10.0, float(d), 100.0, 100.0) for n, d in enumerate(dice)]
    found = segmentation_report(cases, title="", settings={}, draws=400).table("outline").row("dice").values["network"]
    assert found.low < found.value < found.high
    standard_error = dice[::2].std() / math.sqrt(12)
    assert found.high - found.low == pytest.approx(2 * 1.96 * standard_error, rel=0.15)


def test_lungs_have_a_table_each() -> None:
    cases = [
        SegmentedCase("s", "p", structure, by, 100.0, Overlap(dice, 0.5, 1.0, 2.0, 2.0))
        for structure, dice in (("both lungs", 0.98), ("right lung", 0.97), ("left lung", 0.96))
        for by in ("network", "classical")
    ]
    report = segmentation_report(cases, title="Lungs", settings={}, draws=0)
    assert [table.key for table in report.tables] == ["both_lungs", "right_lung", "left_lung"]
    assert report.tables[1].title == "Right lung: 1 scan of 1 patient"
    assert report.table("left_lung").row("dice").values["network"].value == 0.96
    assert list(report.tables[0].columns) == ["network", "classical"]
    assert any("Classical method" in text for text in report.definitions)
