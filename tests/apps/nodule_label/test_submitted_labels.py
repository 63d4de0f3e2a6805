from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from small_chest import SmallChest

from nodulescope.apps.nodule_label.answer_files import write_label_map
from nodulescope.apps.nodule_label.submitted_labels import Kind, SubmittedLabels, check_label
from nodulescope.bundles.data.annotation_check.volume import Volume
from nodulescope.bundles.errors import InputError

LUNG_NAMES = {1: "right lung", 2: "left lung"}


def test_a_readers_later_label_replaces_the_earlier_one(labels: SubmittedLabels, submit: Callable, chest: SmallChest) -> None:
    submit(chest.nodules, reader="anna", at_s=1.0)
    submit(chest.nodules, reader="ben/2", at_s=2.0, ratings={1: {"malignancy": 4.0}}, not_nodules=((1.0, 2.0, 3.0),))
    submit(chest.nodules, reader="anna", at_s=3.0, names={1: "nodule"})
    kept = labels.of("scan", Kind.NODULES)
    assert [(label.reader, label.at_s) for label in kept] == [("ben/2", 2.0), ("anna", 3.0)]
    assert kept[0].ratings == {1: {"malignancy": 4.0}}
    assert kept[0].not_nodules == ((1.0, 2.0, 3.0),)
    assert labels.newest("scan", Kind.NODULES) == kept[1]
    assert labels.newest("scan", Kind.LUNGS) is None
    assert labels.studies() == ("scan",)


@pytest.mark.parametrize(
    ("names", "asked", "kind"),
    [(LUNG_NAMES, None, Kind.LUNGS), ({1: "nodule"}, None, Kind.NODULES), ({}, None, Kind.NODULES), ({}, "lungs", Kind.LUNGS)],
)
def test_the_names_say_what_a_label_shows(names: dict, asked: str | None, kind: Kind, chest: SmallChest, tmp_path: Path) -> None:
    file = tmp_path / "label.nii.gz"
    write_label_map(chest.nodules, chest.ct.affine_lps, file)
    assert check_label(file, Volume(chest.ct.hu, chest.ct.affine_lps), names, asked) is kind


@pytest.mark.parametrize(
    ("names", "asked", "told"),
    [
        ({1: "nodule"}, None, "ml are marked as nodules"),
        ({1: "right lung", 3: "left lung"}, None, "label 2 is neither"),
        ({}, "liver", "liver: no such kind"),
    ],
)
def test_labels_that_are_not_what_they_say_are_refused(
    names: dict, asked: str | None, told: str, chest: SmallChest, tmp_path: Path
) -> None:
    file = tmp_path / "label.nii.gz"
    write_label_map(chest.lungs, chest.ct.affine_lps, file)
    with pytest.raises(InputError, match=told):
        check_label(file, Volume(chest.ct.hu, chest.ct.affine_lps), names, asked)


def test_a_label_on_another_grid_is_refused(chest: SmallChest, tmp_path: Path) -> None:
    file = tmp_path / "label.nii.gz"
    write_label_map(chest.lungs[1:], chest.ct.affine_lps, file)
    with pytest.raises(InputError, match="95 x 72 x 72 voxels, the image 96 x 72 x 72"):
        check_label(file, Volume(chest.ct.hu, chest.ct.affine_lps), LUNG_NAMES)


def test_fractions_are_no_labels(chest: SmallChest, tmp_path: Path) -> None:
    import nibabel

    from nodulescope.bundles.coordinates import swap_ras_lps

    file = tmp_path / "label.nii.gz"
    nibabel.save(nibabel.Nifti1Image(np.full(chest.ct.shape, 0.5, np.float32), swap_ras_lps(chest.ct.affine_lps)), file)
    with pytest.raises(InputError, match="whole numbers"):
        check_label(file, Volume(chest.ct.hu, chest.ct.affine_lps), {})
