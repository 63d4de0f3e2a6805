from __future__ import annotations

import torch

from nodulescope.bundles.nodule_grading.grades import AnswersToGraded
from nodulescope.bundles.nodule_grading.ratings import HEADS


def test_answers_become_named_ratings() -> None:
    item = AnswersToGraded("pred")({"pred": torch.zeros(len(HEADS), 1, 1, 1), "name": "kept"})
    assert item["name"] == "kept"
    assert item["pred"]["probability"] == 0.5
    assert item["pred"]["malignancy"] == 3.0
    assert item["pred"]["attributes"]["texture"] == 3.0
    assert item["pred"]["attributes"]["calcification"] == 0.5
