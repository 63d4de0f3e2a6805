from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from monai.bundle import ConfigParser
from monai.data import MetaTensor

from nodulescope.bundles.coordinates import swap_ras_lps
from nodulescope.bundles.nodule_detection.scan_results import PostprocessScans
from nodulescope.bundles.predictors import find_bundle


@pytest.fixture
def postprocessing(tmp_path: Path) -> Any:
    parser = ConfigParser()
    parser.read_config(str(find_bundle("nodule_detection") / "configs" / "inference.yaml"))
    parser["output_dir"] = str(tmp_path)
    return parser.get_parsed_content("postprocessing")


def run(postprocessing: Any, boxes: list[list[float]]) -> None:
    affine_lps = torch.diag(torch.tensor([-1.0, -1.0, 1.0, 1.0], dtype=torch.float64))  # RAS axes, as the canonical CT has them
    affine_lps[:3, 3] = torch.tensor([50.0, 60.0, -200.0])
    image = MetaTensor(torch.zeros(1, 80, 80, 80), affine=torch.as_tensor(swap_ras_lps(affine_lps)))
    found = {
        "box": torch.tensor(boxes).reshape(-1, 6),
        "box_class": torch.zeros(len(boxes), dtype=torch.int64),
        "box_class_scores": torch.linspace(0.9, 0.5, len(boxes)),
    }
    state = SimpleNamespace(batch=[{"image": image, "name": "one", "source": "one.nii"}], output={"pred": [found]})
    PostprocessScans(postprocessing)(SimpleNamespace(state=state))  # type: ignore[arg-type]


def test_voxel_corners_become_centres_in_the_patient(postprocessing: Any, tmp_path: Path) -> None:
    run(postprocessing, [[10.0, 20.0, 30.0, 16.0, 28.0, 40.0], [-4.0, 0.0, 0.0, 6.0, 6.0, 6.0]])
    written = json.loads((tmp_path / "one_detections.json").read_text())
    assert written["box"][0] == pytest.approx([50.0 - 13.0, 60.0 - 24.0, -200.0 + 35.0, 6.0, 8.0, 10.0])
    assert written["box"][1] == pytest.approx([50.0 - 3.0, 60.0 - 3.0, -200.0 + 3.0, 6.0, 6.0, 6.0])  # clipped to the image
    assert written["box_class_scores"] == pytest.approx([0.9, 0.5])
    assert written["box_class"] == [0, 0]


def test_a_scan_without_findings_is_written_too(postprocessing: Any, tmp_path: Path) -> None:
    run(postprocessing, [])
    written = json.loads((tmp_path / "one_detections.json").read_text())
    assert (written["box"], written["box_class_scores"]) == ([], [])
