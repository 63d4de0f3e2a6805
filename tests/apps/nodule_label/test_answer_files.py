from __future__ import annotations

import json

import numpy as np
import pytest
from small_chest import SmallChest

from nodulescope.apps.nodule_label.answer import Answer
from nodulescope.apps.nodule_label.answer_files import painted_boxes, write_answer
from nodulescope.apps.nodule_label.markups import Box
from nodulescope.bundles.data.annotation_check.volume import read_volume


@pytest.mark.parametrize(
    ("asked", "ending"), [({}, ".nii.gz"), ({"result_extension": ".nrrd"}, ".nrrd"), ({"result_extension": ".x"}, ".nii.gz")]
)
def test_labels_lie_on_the_grid_of_the_ct(asked: dict, ending: str, chest: SmallChest) -> None:
    file = write_answer(Answer(chest.lungs), chest.ct, asked)
    try:
        written = read_volume(file)
    finally:
        file.unlink()
    assert file.name.endswith(ending)
    np.testing.assert_array_equal(written.values, chest.lungs)
    np.testing.assert_allclose(written.affine_lps, chest.ct.affine_lps, atol=1e-5)


def test_boxes_are_markups_or_painted_where_an_image_is_asked_for(chest: SmallChest) -> None:
    boxes = (Box((1.0, 1.0, 1.0), (10.0, 10.0, 10.0), "one", score=0.5), Box((1000.0, 0.0, 0.0), (4.0, 4.0, 4.0)))
    file = write_answer(Answer(boxes=boxes), chest.ct, {})
    assert [region["name"] for region in json.loads(file.read_text())["markups"]] == ["one", ""]
    file.unlink()
    painted = painted_boxes(boxes[:1], chest.ct)
    assert np.argwhere(painted).min(axis=0).tolist() == [46, 34, 34]
    assert np.argwhere(painted).max(axis=0).tolist() == [50, 38, 38]
    file = write_answer(Answer(boxes=boxes[:1]), chest.ct, {"result_extension": ".nrrd"})
    np.testing.assert_array_equal(read_volume(file).values, painted)
    file.unlink()
