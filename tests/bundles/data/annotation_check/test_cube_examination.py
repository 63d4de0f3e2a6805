from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest

from nodulescope.bundles.data.annotation_check import Examined, examine, list_items
from nodulescope.bundles.data.annotation_rules import Rule
from nodulescope.bundles.data.cube_datalist import CubeDatalist

READER = (3.0, 4.0, 4.0, 5.0, 1.0, 1.0, 5.0, 6.0)


def ball(diameter: float, offset: float = 0.0) -> np.ndarray:
    index = np.moveaxis(np.indices((64, 64, 64)), 0, -1) - 31.5
    return np.linalg.norm(index - (offset, 0, 0), axis=-1) < diameter / 2.0


def examined_cube(folder: Path, outline: np.ndarray | None, hu: np.ndarray | None = None, readers: int = 2, **changes: Any) -> Examined:
    cubes = CubeDatalist(folder, validation_fold=-1)
    tissue = np.where(outline if outline is not None else False, 20.0, -850.0) if hu is None else hu
    own = [outline] * readers if outline is not None else []
    tissue = np.broadcast_to(tissue, (64, 64, 64))
    cubes.add("p1__n1", "p1", tissue, outline=outline, ratings=[READER] * readers if own else (), readers=own)
    content = json.loads(cubes.write().read_text(encoding="utf-8"))
    content["training"][0] |= changes
    (folder / "datalist.json").write_text(json.dumps(content), encoding="utf-8")
    (item,) = list_items(folder / "datalist.json")
    return examine(item)


def rules(examined: Examined) -> set[Rule]:
    return {violation.rule for violation in examined.violations}


def test_a_cube_in_order_is_one_place_with_all_its_outlines(tmp_path: Path) -> None:
    examined = examined_cube(tmp_path, ball(12.0))
    assert examined.violations == ()
    (place,) = examined.places
    assert (place.annotation.id, place.annotation.readers, place.box_class) == ("p1__n1", 2, None)
    assert place.annotation.ratings == (READER, READER)
    assert place.annotation.diameter_mm == pytest.approx(12.0, abs=0.2)
    np.testing.assert_allclose(place.annotation.center_lps_mm, (-31.5, -31.5, 31.5))
    assert len(place.reader_outlines) == 2


def test_a_cube_without_a_nodule_has_no_place(tmp_path: Path) -> None:
    examined = examined_cube(tmp_path, None)
    assert (examined.places, examined.violations) == ((), ())


@pytest.mark.parametrize(
    ("offset", "diameter", "expected"),
    [
        (3.5, 12.0, set()),
        (5.0, 12.0, {Rule.OUTLINE_ELSEWHERE}),
        (29.0, 12.0, {Rule.OUTLINE_ELSEWHERE, Rule.CUT_OFF}),
    ],
)
def test_the_outline_lies_in_the_middle(offset: float, diameter: float, expected: set[Rule], tmp_path: Path) -> None:
    assert rules(examined_cube(tmp_path, ball(diameter, offset))) == expected


def test_other_mistakes(tmp_path: Path) -> None:
    assert rules(examined_cube(tmp_path / "a", np.zeros((64, 64, 64), bool))) == {Rule.EMPTY}
    assert rules(examined_cube(tmp_path / "b", ball(12.0), hu=np.full((64, 64, 64), -850.0))) == {Rule.NO_TISSUE}
    assert rules(examined_cube(tmp_path / "c", ball(12.0) | ball(6.0, 20.0) | ball(6.0, -20.0))) == {Rule.OUTLINE_IN_PIECES}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"nodule": 2}, {Rule.MALFORMED}),
        ({"nodule": 0}, {Rule.MALFORMED}),
        ({"label": None}, {Rule.MALFORMED}),
        ({"label": "gone.nii"}, {Rule.UNREADABLE}),
        ({"image": "gone.nii"}, {Rule.UNREADABLE}),
        ({"reader_labels": "one.nii"}, {Rule.MALFORMED}),
        ({"reader_labels": ["p1__n1_reader0.nii.gz"]}, {Rule.READER_COUNT}),
        ({"ratings": [[6.0, *READER[1:]], READER]}, {Rule.RATING_OUT_OF_RANGE}),
        ({"ratings": [["high", *READER[1:]], READER]}, {Rule.MALFORMED}),
        ({"patient": None}, set()),  # told for the datalist as a whole
    ],
)
def test_each_wrong_value_breaks_its_rule(changes: dict[str, Any], expected: set[Rule], tmp_path: Path) -> None:
    assert rules(examined_cube(tmp_path, ball(12.0), **changes)) == expected


def test_images_and_outlines_of_other_sizes_and_without_numbers(tmp_path: Path) -> None:
    examined_cube(tmp_path, ball(12.0))
    (item,) = list_items(tmp_path / "datalist.json")
    values = np.where(ball(12.0), 20.0, -850.0).astype(np.float32)
    values[0, 0, 0] = np.nan
    nibabel.save(nibabel.Nifti1Image(values, np.eye(4)), tmp_path / "p1__n1.nii")
    assert rules(examine(item)) == {Rule.NOT_FINITE}
    nibabel.save(nibabel.Nifti1Image(np.zeros((48, 48, 48), np.int16), np.eye(4)), tmp_path / "p1__n1.nii")
    assert rules(examine(item)) == {Rule.GRID_MISMATCH}
    assert examine(item).violations[0].found == "p1__n1_outline.nii has 64 x 64 x 64 voxels, the image 48 x 48 x 48"
