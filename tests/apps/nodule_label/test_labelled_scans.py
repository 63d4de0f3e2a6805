from __future__ import annotations

import json
from collections.abc import Callable

import nibabel
import numpy as np
import pytest
from small_chest import SmallChest

from nodulescope.apps.nodule_label.labelled_scans import LUNGS_BY_READER, LabelledScans
from nodulescope.apps.nodule_label.submitted_labels import Kind
from nodulescope.bundles.data.annotation_rules import Severity
from nodulescope.bundles.nodule_detection.box_classes import NODULE_CLASS


def test_a_labelled_scan_is_an_item_at_1_mm(scans: LabelledScans, submit: Callable, chest: SmallChest) -> None:
    submit(chest.nodules, ratings={1: {"malignancy": 4.0}}, patient="P1")
    item = scans.item("scan")
    assert item["patient"] == "P1" and item["box_class"] == [NODULE_CLASS, NODULE_CLASS]
    assert (item[LUNGS_BY_READER], item["nodules_by_reader"]) == (False, True)
    image = nibabel.load(scans.folder / item["image"])
    np.testing.assert_allclose(np.diag(image.affine), [1, 1, 1, 1])
    outlines = np.asarray(nibabel.load(scans.folder / item["nodules"][0]["outline"]).dataobj)
    for number, diameter in enumerate(chest.diameters_mm, 1):
        assert np.cbrt(np.count_nonzero(outlines == number) * 6 / np.pi) == pytest.approx(diameter, abs=1.0)
    assert item["nodules"][0]["ratings"][0][0] == 4.0


def test_the_readers_lungs_win_over_found_ones(scans: LabelledScans, submit: Callable, chest: SmallChest) -> None:
    submit(chest.nodules)
    scans.item("scan")
    submit(np.where(chest.lungs == 1, 2, 0).astype(np.uint8), kind=Kind.LUNGS, names={2: "right lung"})
    item = scans.item("scan")
    assert item[LUNGS_BY_READER]
    lungs = np.asarray(nibabel.load(scans.folder / item["label"]).dataobj)
    assert set(np.unique(lungs)) == {0, 1}


def test_ratings_of_agreeing_readers_come_together(scans: LabelledScans, submit: Callable, chest: SmallChest) -> None:
    submit(chest.nodules, reader="anna", at_s=1.0, ratings={1: {"malignancy": 2.0}})
    submit(np.where(chest.nodules == 1, 1, 0).astype(np.uint8), reader="ben", at_s=2.0, ratings={1: {"malignancy": 5.0}})
    (nodule,) = scans.item("scan")["nodules"]  # the newest label says what there is
    assert nodule["readers"] is None  # so that no rule asks for three who agree
    assert [row[0] for row in nodule["ratings"]] == [5.0, 2.0]


def test_the_datalist_breaks_no_rule(scans: LabelledScans, submit: Callable, chest: SmallChest) -> None:
    from nodulescope.apps.nodule_label.quality import all_violations

    for study in ("one", "two"):
        submit(chest.nodules, study=study)
    parts = scans.update()
    assert [len(parts[part]) for part in ("training", "validation")] == [1, 1]
    assert json.loads(scans.datalist.read_text()) == json.loads(json.dumps(parts))
    broken = all_violations(scans)
    assert {study: [v for v in found if v["severity"] == Severity.ERROR] for study, found in broken.items()} == {"one": [], "two": []}
