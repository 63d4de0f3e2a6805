from __future__ import annotations

from dataclasses import replace

import numpy as np

from nodulescope.operators.examination import Examination, Status
from nodulescope.operators.report.messages import ENGLISH
from nodulescope.operators.report.prior_beside import PriorRow, prior_beside
from nodulescope.operators.report.stack import nodule_stack


def test_numbers_then_and_now(follow_up: Examination) -> None:
    nodule = follow_up.nodules[0]
    beside = prior_beside(nodule, nodule_stack(follow_up.ct, nodule), None, ENGLISH)
    assert beside is not None and beside.tiles is None and beside.date == "2023-02-28"
    assert beside.rows == (
        PriorRow("Mean diameter", "25.6 mm", "32.0 mm", "+6.4 mm"),
        PriorRow("Long × short axis", "25.9 × 25.3 mm", "32.4 × 31.6 mm", ""),
        PriorRow("Volume", "8785 mm³", "17\u202f157 mm³", "+95 %"),
        PriorRow("Type", "solid", "solid", ""),
    )
    assert beside.sentences == ("366 days apart.", "Volume doubling time 379 days.", "The prior's pictures were not at hand.")


def test_changes_are_those_of_the_printed_numbers(follow_up: Examination) -> None:
    nodule = follow_up.nodules[0]
    sizes = replace(nodule.measurements, mean_diameter_mm=10.04, solid_diameter_mm=4.06)
    prior = {"mean_diameter_mm": 7.55, "solid_diameter_mm": 4.04, "mean_diameter_change_mm": 2.49}
    beside = prior_beside(replace(nodule, measurements=sizes, prior=prior), nodule_stack(follow_up.ct, nodule), None, ENGLISH)
    assert beside is not None
    rows = {row.name: (row.then, row.now, row.change) for row in beside.rows}
    assert rows["Mean diameter"] == ("7.5 mm", "10.0 mm", "+2.5 mm")
    assert rows["Solid part, mean diameter"] == ("4.0 mm", "4.1 mm", "+0.1 mm")
    assert rows["Volume"][0] == "–" and rows["Long × short axis"][0] == "–"
    assert beside.sentences[:2] == (
        "The time between the examinations is not known.",
        "No doubling time without the time between the examinations.",
    )


def test_why_there_is_no_doubling_time(follow_up: Examination) -> None:
    stable = follow_up.nodules[2]
    stack = nodule_stack(follow_up.ct, stable)
    for status, words in ((Status.STABLE, "within the error"), (Status.SHRINKING, "shrank")):
        beside = prior_beside(replace(stable, status=status), stack, None, ENGLISH)
        assert beside is not None and words in beside.sentences[1]
    assert prior_beside(follow_up.nodules[1], stack, None, ENGLISH) is None


def test_pictures_show_the_same_place_in_the_prior(follow_up: Examination) -> None:
    exam, comparison = follow_up, follow_up.comparison  # the prior is the same scan, moved
    assert comparison is not None
    prior_ct = comparison.prior.ct
    nodule = exam.nodules[0]
    stack = nodule_stack(exam.ct, nodule)
    beside = prior_beside(nodule, stack, prior_ct, ENGLISH)
    assert beside is not None and beside.tiles is not None
    np.testing.assert_array_equal(beside.tiles, stack.tiles)
    assert len(beside.sentences) == 2
    elsewhere = prior_beside(nodule, stack, exam.ct, ENGLISH)
    assert elsewhere is not None and elsewhere.tiles is not None
    assert np.abs(elsewhere.tiles.astype(int) - stack.tiles).max() > 100
