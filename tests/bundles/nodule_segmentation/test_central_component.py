from __future__ import annotations

import torch

from nodulescope.bundles.nodule_segmentation.central_component import CentralComponentd


def test_the_component_nearest_to_the_middle_is_kept() -> None:
    mask = torch.zeros(1, 32, 32, 32)
    mask[0, 2:9, 2:30, 2:30] = 1  # a larger neighbour
    mask[0, 17:20, 15:18, 15:18] = 1
    kept = CentralComponentd("outline")({"outline": mask})["outline"]
    expected = torch.zeros_like(mask)
    expected[0, 17:20, 15:18, 15:18] = 1
    assert torch.equal(kept, expected)


def test_voxels_that_share_a_corner_are_one_component() -> None:
    mask = torch.zeros(1, 8, 8, 8)
    mask[0, 3, 3, 3] = mask[0, 4, 4, 4] = 1
    assert torch.equal(CentralComponentd("outline")({"outline": mask})["outline"], mask)


def test_an_empty_mask_stays_empty() -> None:
    assert CentralComponentd("outline")({"outline": torch.zeros(1, 8, 8, 8)})["outline"].sum() == 0
