from __future__ import annotations

import torch
from monai.data import MetaTensor

from nodulescope.bundles.lung_segmentation.labels import LungLabelsd, LungProbabilitiesd


def one_hot_logits(labels: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.one_hot(labels.long(), 3).movedim(-1, 0).float() * 8.0


def test_islands_become_background_and_lungs_stay() -> None:
    labels = torch.zeros(20, 12, 12)
    labels[1:6, 2:9, 2:9], labels[12:18, 2:9, 2:9] = 1, 2
    labels[8, 10, 10], labels[19, 11, 11], labels[1:3, 11, 0:2] = 1, 1, 2
    probabilities = LungProbabilitiesd("pred")({"pred": MetaTensor(one_hot_logits(labels))})["pred"]
    assert probabilities.shape == (2, 20, 12, 12)
    islands = torch.zeros_like(labels, dtype=torch.bool)
    islands[8, 10, 10], islands[19, 11, 11], islands[1:3, 11, 0:2] = True, True, True
    assert (probabilities[:, islands] == 0).all()
    expected = torch.softmax(one_hot_logits(labels), dim=0)[1:]
    torch.testing.assert_close(probabilities.as_tensor()[:, ~islands], expected[:, ~islands])


def test_a_large_piece_near_a_lung_joins_it_whatever_side_the_network_named() -> None:
    labels = torch.zeros(40, 24, 40)
    labels[2:16, 2:20, 2:16], labels[24:38, 2:20, 10:24] = 1, 2
    lungs = labels.clone()
    labels[2:16, 2:20, 20:24] = 2  # of the right apex, cut off by 15 mm of consolidation, a piece of 27 ml, named left
    labels[2:16, 2:20, 28:32] = 1  # another one hangs on it
    lungs[2:16, 2:20, 20:24] = lungs[2:16, 2:20, 28:32] = 1
    labels[24:38, 2:20, 36:40] = 2  # as large, but 39 mm away
    labels[24:38, 2:20, 0:4] = 2  # as large, but 21 mm below the left lung: gas in the stomach
    labels[18:20, 2:4, 4:6] = 1  # near, but of 0.2 ml
    probabilities = LungProbabilitiesd("pred")({"pred": MetaTensor(one_hot_logits(labels))})["pred"]
    found = LungLabelsd("pred")({"pred": probabilities})["pred"][0]
    assert torch.equal(found.long(), lungs.long())


def test_labels_are_the_most_probable_ones() -> None:
    probabilities = torch.softmax(torch.randn(3, 9, 8, 7, generator=torch.Generator().manual_seed(1)), dim=0)
    labels = LungLabelsd("pred")({"pred": probabilities[1:]})["pred"]
    assert labels.dtype == torch.uint8
    assert torch.equal(labels[0].long(), probabilities.argmax(dim=0))


def test_interpolated_borders_keep_their_place() -> None:
    """Between a lung voxel and a background voxel the label changes where the two are equally probable, not at the coarse voxel's edge."""
    right = torch.linspace(0.9, 0.1, 9).reshape(1, 9, 1, 1)
    labels = LungLabelsd("pred")({"pred": torch.cat([right, torch.zeros_like(right)])})["pred"]
    assert labels.flatten().tolist() == [1, 1, 1, 1, 0, 0, 0, 0, 0]
