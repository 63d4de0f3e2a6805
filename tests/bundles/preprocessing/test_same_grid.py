from __future__ import annotations

import pytest
import torch
from monai.data import MetaTensor

from nodulescope.bundles.preprocessing.same_grid import OnSameGridd


def test_answers_lie_where_the_image_lies() -> None:
    image = MetaTensor(torch.rand(1, 4, 5, 6), affine=torch.diag(torch.tensor([1.0, 2.0, 3.0, 1.0], dtype=torch.float64)))
    answer = torch.rand(2, 4, 5, 6)
    placed = OnSameGridd("pred", reference_key="image")({"pred": answer, "image": image})["pred"]
    assert torch.equal(placed.as_tensor(), answer)
    assert torch.equal(placed.affine, image.affine)
    placed.affine[0, 0] = 9.0
    assert float(image.affine[0, 0]) == 1.0  # not shared


def test_another_shape_is_refused() -> None:
    with pytest.raises(ValueError, match=r"pred has shape \(3, 3, 3\), image \(4, 4, 4\)"):
        OnSameGridd("pred", reference_key="image")({"pred": torch.zeros(1, 3, 3, 3), "image": MetaTensor(torch.zeros(1, 4, 4, 4))})
