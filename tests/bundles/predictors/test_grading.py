from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from nodulescope.bundles.contracts import CTVolume
from nodulescope.bundles.errors import BundleError
from nodulescope.bundles.predictors import Bundle, GradingPredictor

CENTERS = [(27.0, -38.0, 44.0), (-5.0, -20.0, 30.0), (40.0, -50.0, 60.0)]


def test_grades_come_in_the_centres_order_however_many(open_small: Callable[..., Bundle], chest: Callable[..., CTVolume]) -> None:
    ct = chest([(CENTERS[0], 14.0), (CENTERS[1], 8.0)])
    predictor = GradingPredictor(open_small("nodule_grading", {"amp": False}))
    alone = [predictor(ct, [center])[0] for center in CENTERS]
    assert len({grade.malignancy for grade in alone}) == 3
    wanted = [0, 1, 2] * 3 + [2, 0]  # more than one batch
    for grade, which in zip(predictor(ct, [CENTERS[i] for i in wanted]), wanted, strict=True):
        assert grade.malignancy == pytest.approx(alone[which].malignancy, abs=1e-4)
        assert grade.probability == pytest.approx(alone[which].probability, abs=1e-4)
        assert 0 <= grade.probability <= 1
        assert 1 <= grade.malignancy <= 5
    assert predictor(ct, []) == ()


def test_the_grade_is_the_places_not_the_grids(open_small: Callable[..., Bundle], chest: Callable[..., CTVolume]) -> None:
    predictor = GradingPredictor(open_small("nodule_grading", {"amp": False}))
    upright = predictor(chest([(CENTERS[0], 14.0)]), CENTERS[:1])[0]
    turned = predictor(chest([(CENTERS[0], 14.0)], orientation=((2, 0, 1), (-1, 1, -1)), spacing=(2.0, 1.5, 1.5)), CENTERS[:1])[0]
    assert turned.malignancy == pytest.approx(upright.malignancy, abs=1e-2)
    assert dict(turned.attributes) == pytest.approx(dict(upright.attributes), abs=1e-2)


def test_a_network_that_answers_other_questions_is_refused(open_small: Callable[..., Bundle], chest: Callable[..., CTVolume]) -> None:
    flat = "$torch.nn.Sequential(torch.nn.Conv3d(1, 4, 1), torch.nn.AdaptiveAvgPool3d(1))"
    weights = {"0.weight": np.zeros((4, 1, 1, 1, 1)), "0.bias": np.zeros(4)}
    bundle = open_small("nodule_grading", {"network_def": flat}, {k: torch.from_numpy(v) for k, v in weights.items()})
    with pytest.raises(BundleError, match="its network answers 4 questions, not 10"):
        GradingPredictor(bundle)(chest([]), CENTERS)
