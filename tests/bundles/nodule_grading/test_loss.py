from __future__ import annotations

import math

import pytest
import torch

from nodulescope.bundles.nodule_grading.loss import RatingsLoss
from nodulescope.bundles.nodule_grading.ratings import HEADS, READER_RATINGS

NAN = float("nan")


def answers(**heads: float) -> torch.Tensor:
    row = torch.zeros(1, len(HEADS), 1, 1, 1)
    for name, value in heads.items():
        row[0, HEADS.index(name)] = value
    return row


def ratings(*readers: list[float]) -> torch.Tensor:
    packed = torch.full((1, 4, len(READER_RATINGS)), NAN)
    for row, reader in enumerate(readers):
        packed[0, row] = torch.tensor(reader)
    return packed


def test_a_cube_without_ratings_trains_the_nodule_head_alone() -> None:
    given = answers(nodule=2.0, malignancy=5.0, calcified=-3.0).requires_grad_()
    loss = RatingsLoss()(given, {"nodule": torch.tensor([0]), "ratings": ratings()})
    assert float(loss) == pytest.approx(math.log1p(math.exp(2.0)), rel=1e-6)
    loss.backward()
    gradient = given.grad
    assert gradient is not None
    assert float(gradient[0, HEADS.index("nodule")]) == pytest.approx(1 / (1 + math.exp(-2.0)), rel=1e-5)
    assert torch.count_nonzero(gradient) == 1


def test_hand_computed_loss_of_one_reader() -> None:
    reader = [5.0, NAN, 3.0, 3.0, 3.0, 3.0, 3.0, 6.0]
    loss = RatingsLoss(malignancy_weight=1.0, attribute_weight=0.5)(answers(), {"nodule": torch.tensor([1]), "ratings": ratings(reader)})
    # All answers are 0: probabilities 1/2, ratings 3. Malignancy 5 is 2 off: smooth L1 with beta 1/2 is 2 - 1/4; the others are met.
    assert float(loss) == pytest.approx(math.log(2) + (math.log(2) + 1.75) + 0.5 * math.log(2), rel=1e-6)


def test_missing_ratings_change_nothing() -> None:
    full = [4.0, 4.0, 3.0, 2.0, 1.0, 2.0, 5.0, 6.0]
    given = answers(nodule=1.0, malignancy=0.3, margin=-0.4)
    one = RatingsLoss()(given, {"nodule": torch.tensor([1]), "ratings": ratings(full)})
    same = RatingsLoss()(given, {"nodule": torch.tensor([1]), "ratings": ratings(full, [NAN] * 8)})
    assert float(one) == float(same)
    partly = RatingsLoss()(given, {"nodule": torch.tensor([1]), "ratings": ratings(full, [NAN, *full[1:]])})
    assert float(partly) == pytest.approx(float(one))
    assert not math.isnan(float(partly))


def test_readers_who_disagree_pull_to_the_middle() -> None:
    given = answers(malignant=0.7).requires_grad_()
    target = {"nodule": torch.tensor([1]), "ratings": ratings([5.0, *[NAN] * 7], [1.0, *[NAN] * 7])}
    RatingsLoss(malignancy_weight=1.0)(given, target).backward()
    assert given.grad is not None
    assert float(given.grad[0, HEADS.index("malignant")]) == pytest.approx(1 / (1 + math.exp(-0.7)) - 0.5, rel=1e-5)
