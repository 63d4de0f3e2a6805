from __future__ import annotations

import json
import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from nodulescope.bundles.data.cube_datalist import CubeDatalist
from nodulescope.bundles.errors import BundleError, InputError
from nodulescope.bundles.metrics.graded_cases import GradedCase
from nodulescope.bundles.metrics.graded_cubes import choose_cubes, fit_size, grade_cubes, slice_cnn_probabilities, with_size_ratings
from nodulescope.bundles.metrics.size_baseline import equivalent_diameter_mm
from nodulescope.bundles.nodule_grading.baseline_network import SliceCNN
from nodulescope.bundles.nodule_grading.ratings import HEADS
from nodulescope.bundles.training.checkpoints import save_weights

CUBE = 16


class BrightnessNetwork(nn.Module):
    """Its malignancy is 1 + 4 * sigmoid of the cube's mean, its nodule logit twice that mean; all other answers are 0."""

    def forward(self, cubes: torch.Tensor) -> torch.Tensor:
        mean = cubes.mean(dim=(1, 2, 3, 4))
        answers = torch.zeros(len(cubes), len(HEADS), 1, 1, 1)
        answers[:, 0, 0, 0, 0] = 2 * mean
        answers[:, HEADS.index("malignancy"), 0, 0, 0] = mean
        return answers


def bundle(network: nn.Module) -> Any:
    parts = {"inferer": lambda cubes, net: net(cubes), "cube": CUBE}
    return SimpleNamespace(network=lambda: network, component=parts.__getitem__, device=torch.device("cpu"), path=Path("bundle"))


@pytest.fixture(scope="module")
def datalist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Validation: a nodule of 3 readers, one of 2, one of 4 of whom 2 rated malignancy, an empty place. Training: 24 nodules that grow."""
    cubes = CubeDatalist(tmp_path_factory.mktemp("cubes"), validation_fold=-1)

    def add(name: str, hu: float, malignancies: list[float], edge: int = 3, held_out: bool = True) -> None:
        outline = np.zeros((64, 64, 64), bool)
        outline[30 : 30 + edge, 30 : 30 + edge, 30 : 30 + edge] = True
        ratings = [[m, *[3.0] * 7] for m in malignancies]
        cubes.add(name, f"patient_{name}", np.full((64, 64, 64), hu), outline=outline, ratings=ratings, held_out=held_out)

    add("three", 400.0, [5, 4, 4])
    add("two", -300.0, [1, 2])
    add("half", -300.0, [1, 2, math.nan, math.nan])
    cubes.add("empty", "patient_empty", np.full((64, 64, 64), -1000.0), held_out=True)
    for number in range(24):
        add(f"train_{number}", -500.0, [1 + number // 6] * 3, edge=2 + number // 6, held_out=False)
    return cubes.write()


def names(items: list[dict[str, Any]]) -> list[str]:
    return [Path(item["image"]).name for item in items]


def test_nodules_of_too_few_readers_are_left_out_and_places_without_stay(datalist: Path) -> None:
    assert names(choose_cubes(datalist, "validation", least_readers=3)) == ["three.nii", "empty.nii"]
    assert names(choose_cubes(datalist, "validation", least_readers=2)) == ["three.nii", "two.nii", "half.nii", "empty.nii"]
    assert names(choose_cubes(datalist, "validation", least_readers=1, only="t*.nii")) == ["three.nii", "two.nii"]


def test_nothing_to_measure_and_training_patients_are_refused(datalist: Path) -> None:
    with pytest.raises(InputError, match="holds no nodule with 9 readers"):
        choose_cubes(datalist, "validation", least_readers=9)
    with pytest.raises(InputError, match="holds no nodule named crop_\\*"):
        choose_cubes(datalist, "validation", least_readers=1, only="crop_*")
    with pytest.raises(InputError, match="also train"):
        choose_cubes(datalist, "training", least_readers=3)


@pytest.mark.parametrize("rating", [[], [9.0] * 8, ["x"] * 8])
def test_wrong_ratings_are_named(rating: list[Any], datalist: Path, tmp_path: Path) -> None:
    content = json.loads(datalist.read_text())
    item = {key: str(datalist.parent / value) if key in ("image", "label") else value for key, value in content["validation"][0].items()}
    wrong = tmp_path / "wrong.json"
    wrong.write_text(json.dumps({"validation": [item | {"ratings": [rating]}]}))
    with pytest.raises(InputError, match=r"wrong\.json: the ratings of three\.nii are not one row of 8"):
        choose_cubes(wrong, "validation", least_readers=1)


def test_answers_stand_beside_readers_and_size(datalist: Path) -> None:
    items = choose_cubes(datalist, "validation", least_readers=1)
    told: list[int] = []
    cases = grade_cubes(bundle(BrightnessNetwork()), items, datalist, run=3, batch=3, done=told.append)
    assert told == [3, 1]
    assert [case.case for case in cases] == ["three", "two", "half", "empty"]
    assert [case.patient for case in cases] == [f"patient_{case.case}" for case in cases]
    assert [case.reader_malignancy for case in cases] == [(5, 4, 4), (1, 2), (1, 2), ()]
    expected = [1 + 4 / (1 + math.exp(-brightness)) for brightness in (1.0, 0.5, 0.5, 0.0)]
    assert [case.malignancy for case in cases] == pytest.approx(expected, abs=1e-3)
    assert cases[0].probability == pytest.approx(1 / (1 + math.exp(-2.0)), abs=1e-3)
    assert cases[0].diameter_mm == pytest.approx(equivalent_diameter_mm(27.0))
    assert math.isnan(cases[3].diameter_mm)
    assert {case.run for case in cases} == {3}


def test_a_network_of_other_questions_is_refused(datalist: Path) -> None:
    items = choose_cubes(datalist, "validation", least_readers=3)
    two_answers = bundle(nn.Sequential(nn.Flatten(), nn.Linear(CUBE**3, 2)))
    with pytest.raises(BundleError, match="answers 2 questions, not 10"):
        grade_cubes(two_answers, items, datalist, batch=2, done=lambda _: None)


def test_the_slice_cnn_sees_the_same_cubes(datalist: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = SliceCNN().eval()
    save_weights(network, tmp_path / "cnn.pt")
    items = choose_cubes(datalist, "validation", least_readers=3)
    found = slice_cnn_probabilities(tmp_path / "cnn.pt", items, torch.device("cpu"), batch=1, done=lambda _: None)
    with torch.no_grad():
        expected = torch.sigmoid(network(torch.stack([torch.ones(1, 64, 64), torch.zeros(1, 64, 64)]))).flatten()
    assert found == pytest.approx(expected.tolist(), abs=2e-3)


def test_size_is_fitted_on_training_nodules_only(datalist: Path) -> None:
    fit = fit_size(datalist, least_readers=3)
    assert fit is not None
    diameters = [equivalent_diameter_mm(edge**3) for edge in (2, 3, 4, 5)]
    assert fit(diameters) == pytest.approx([1, 2, 3, 4])
    case = GradedCase("a", "p", True, (1.0,), 0.5, 2.0, 0.5, diameter_mm=diameters[3])
    assert with_size_ratings([case], fit)[0].size_malignancy == pytest.approx(4.0)
    assert math.isnan(with_size_ratings([case], None)[0].size_malignancy)
    assert fit_size(datalist, least_readers=4) is None


def test_without_a_training_part_size_is_not_fitted(datalist: Path, tmp_path: Path) -> None:
    content = json.loads(datalist.read_text())
    for name, kept in (("list.json", content["training"]), ("test.json", {"test": content["training"]})):
        (tmp_path / name).write_text(json.dumps(kept))
        assert fit_size(tmp_path / name, least_readers=1) is None
