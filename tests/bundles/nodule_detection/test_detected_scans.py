from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nodulescope.bundles.errors import InputError
from nodulescope.bundles.nodule_detection.detected_scans import read_detected_scans


@pytest.fixture
def detected(tmp_path: Path) -> tuple[Path, Path]:
    """Two scans: one with a nodule, a mass to be ignored and two marks; one with nothing at all."""
    items: list[dict[str, Any]] = [
        {"image": "a.nii.gz", "box": [[1, 2, 3, 6, 8, 10], [40, 0, 0, 40, 40, 40]], "box_class": [0, 1]},
        {"image": "b.nii.gz", "box": [], "box_class": []},
    ]
    found: dict[str, dict[str, Any]] = {
        "a": {"source": "elsewhere/a.nii.gz", "box": [[1, 2, 4, 8, 8, 8], [9, 9, 9, 4, 4, 4]], "box_class_scores": [0.9, 0.2]},
        "b": {"source": "b.nii.gz", "box": [], "box_class_scores": []},
    }
    (tmp_path / "out").mkdir()
    for item in items:
        (tmp_path / item["image"]).touch()
    for name, values in found.items():
        (tmp_path / "out" / f"{name}_detections.json").write_text(json.dumps(values))
    datalist = tmp_path / "scans.json"
    datalist.write_text(json.dumps({"validation": items}))
    return datalist, tmp_path / "out"


def test_truth_and_marks_of_each_scan(detected: tuple[Path, Path]) -> None:
    first, second = read_detected_scans(detected[0], "validation", detected[1])
    np.testing.assert_array_equal(first.centers, [[1, 2, 4], [9, 9, 9]])
    np.testing.assert_array_equal(first.scores, [0.9, 0.2])
    np.testing.assert_array_equal(first.nodule_centers, [[1, 2, 3]])
    assert (first.nodule_diameters.tolist(), first.excluded_diameters.tolist()) == ([8.0], [40.0])
    assert second.centers.shape == second.nodule_centers.shape == (0, 3)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "run the bundle's inference.yaml on this part"),
        ("{", "no detections of the bundle's inference.yaml"),
        ('{"source": "a.nii.gz", "box": [[1, 2, 3, 4, 4, 4]], "box_class_scores": []}', "as many scores as boxes"),
        ('{"source": "b.nii.gz", "box": [], "box_class_scores": []}', "found in b.nii.gz, not in a.nii.gz"),
    ],
)
def test_what_is_no_detections_of_the_scan_is_refused(detected: tuple[Path, Path], content: str | None, says: str) -> None:
    datalist, folder = detected
    file = folder / "a_detections.json"
    file.unlink()
    if content is not None:
        file.write_text(content)
    with pytest.raises(InputError, match=f"a_detections.json: .*{says}"):
        read_detected_scans(datalist, "validation", folder)


def test_scans_without_boxes_and_parts_without_nodules_are_refused(detected: tuple[Path, Path]) -> None:
    datalist, folder = detected
    items = json.loads(datalist.read_text())["validation"]
    datalist.write_text(json.dumps(items[1:]))
    with pytest.raises(InputError, match="no scan of validation has a nodule"):
        read_detected_scans(datalist, "validation", folder)
    datalist.write_text(json.dumps([{"image": "a.nii.gz"}]))
    with pytest.raises(InputError, match=r"a.nii.gz has no box and box_class"):
        read_detected_scans(datalist, "validation", folder)
