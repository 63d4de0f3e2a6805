from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np


def test_boxes_in_the_patients_millimetres(small_bundle: Callable[[str], Any], small_data: Any, tmp_path: Path) -> None:
    small_bundle("nodule_detection").run(["inference.yaml"], tmp_path, datalist=small_data.scans, output_dir=tmp_path / "out", window=64)
    found = json.loads((tmp_path / "out" / "scan_detections.json").read_text())
    assert (found["box_mode"], found["coordinates"], found["source"]) == ("cccwhd", "LPS mm", str(small_data.scan))
    boxes, scores = np.array(found["box"]), np.array(found["box_class_scores"])
    assert len(boxes) == len(scores) == len(found["box_class"]) == 100  # a random network finds nodules everywhere
    assert (np.diff(scores) <= 0).all()
    assert ((scores > 0.05) & (scores <= 1.0)).all()
    assert (boxes[:, 3:] > 0).all()
    # The scan reaches from (-47, -41, 100) to (47.5, 41.5, 178) mm (voxel centres); boxes are clipped to it.
    assert (boxes[:, :3] - boxes[:, 3:] / 2 >= np.array([-47.0, -41.0, 100.0]) - 1.01).all()
    assert (boxes[:, :3] + boxes[:, 3:] / 2 <= np.array([47.5, 41.5, 178.0]) + 1.01).all()
    assert np.ptp(boxes[:, 0]) > 40
