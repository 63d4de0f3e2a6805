from __future__ import annotations

import torch

from nodulescope.bundles.nodule_grading.batches import PackRatingsd, prepare_batch


def test_ratings_are_packed_or_empty() -> None:
    rated = PackRatingsd("ratings")({"ratings": [[4, None, 1, 1, 1, 1, 1, 6]], "nodule": 1})
    assert rated["ratings"].shape == (4, 8)
    assert float(rated["ratings"][0, 0]) == 4.0
    assert torch.isnan(rated["ratings"][0, 1])
    assert torch.isnan(PackRatingsd("ratings")({"nodule": 0})["ratings"]).all()


def test_a_batch_as_the_engines_want_it() -> None:
    cubes, target = prepare_batch({"image": torch.rand(2, 1, 4, 4, 4), "nodule": torch.tensor([1, 0]), "ratings": torch.zeros(2, 4, 8)})
    assert cubes.shape == (2, 1, 4, 4, 4)
    assert set(target) == {"nodule", "ratings"}
    assert target["nodule"].tolist() == [1, 0]
