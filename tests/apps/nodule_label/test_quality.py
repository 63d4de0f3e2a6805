from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.ndimage import binary_dilation
from small_chest import SmallChest

from nodulescope.apps.nodule_label.labelled_scans import LabelledScans
from nodulescope.apps.nodule_label.quality import disagreements, study_violations
from nodulescope.apps.nodule_label.submitted_labels import SubmittedLabels
from nodulescope.bundles.data.annotation_rules import Rule


def test_readers_who_agree_are_not_listed(labels: SubmittedLabels, submit: Callable, chest: SmallChest) -> None:
    submit(chest.nodules, reader="anna")
    assert disagreements(labels) == {}
    submit(chest.nodules, reader="ben")
    assert disagreements(labels) == {"scan": []}


def test_missed_nodules_other_outlines_and_other_ratings_are_listed(labels: SubmittedLabels, submit: Callable, chest: SmallChest) -> None:
    first = chest.nodules == 1
    submit(chest.nodules, reader="anna", ratings={1: {"malignancy": 5.0, "margin": 3.0}})
    submit(binary_dilation(first, iterations=2).astype(np.uint8), reader="ben", ratings={1: {"malignancy": 2.0, "margin": 4.0}})
    found = disagreements(labels)["scan"]
    assert [one["what"] for one in found] == ["their outlines differ", "their ratings of malignancy differ", "only one reader marked it"]
    assert found[0]["dice"] < 0.7
    assert found[1]["ratings"] == [5.0, 2.0]
    assert found[2]["reader"] == "anna"


def test_a_nodule_in_the_air_breaks_rules(scans: LabelledScans, submit: Callable, chest: SmallChest) -> None:
    wrong = chest.nodules.copy()
    wrong[2:5, 2:5, 2:5] = 3
    submit(wrong)
    assert {violation.rule for violation in study_violations(scans, "scan")} == {Rule.OUTSIDE_LUNGS, Rule.NO_TISSUE}
