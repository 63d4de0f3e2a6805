from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from nodulescope.apps.nodule_label.markups import Box, boxes_to_markups, read_markups
from nodulescope.bundles.errors import InputError

BOX = Box((-40.0, 12.5, -103.0), (8.0, 9.0, 10.0), "nodule 1: 0.91", "score 0.910, 9.0 mm", 0.91)


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "boxes.json"
    file.write_text(json.dumps(boxes_to_markups([BOX])))
    assert read_markups(file) == (Box(BOX.center_lps_mm, BOX.size_mm, BOX.name),)
    region = json.loads(file.read_text())["markups"][0]
    assert region["measurements"][0]["value"] == 0.91
    assert region["controlPoints"][0]["description"] == "score 0.910, 9.0 mm"


def test_regions_in_ras_and_with_swapped_axes_are_understood(tmp_path: Path) -> None:
    file = tmp_path / "boxes.json"
    # What Slicer writes after a reader drew a region: its second axis along the patient's first.
    region = {"type": "ROI", "roiType": "Box", "coordinateSystem": "RAS", "center": [40.0, -12.5, -103.0], "size": [9.0, 8.0, 10.0]}
    region["orientation"] = [0.0, -1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0]
    file.write_text(json.dumps({"markups": [region]}))
    assert read_markups(file)[0] == Box((-40.0, 12.5, -103.0), (8.0, 9.0, 10.0))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("no JSON", "not Slicer markups"),
        ({}, "not Slicer markups"),
        ({"markups": [{"type": "Fiducial"}]}, "markup 1 is a Fiducial"),
        ({"markups": [{"center": [0, 0, 0], "size": [1, 0, 1]}]}, "region 1 has no extent"),
        (
            {"markups": [{"center": [0, 0, 0], "size": [1, 1, 1], "orientation": [0.8, 0.6, 0, -0.6, 0.8, 0, 0, 0, 1]}]},
            "region 1 is turned",
        ),
    ],
)
def test_what_is_no_box_is_refused(content: Any, told: str, tmp_path: Path) -> None:
    file = tmp_path / "boxes.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    with pytest.raises(InputError, match=told):
        read_markups(file)
