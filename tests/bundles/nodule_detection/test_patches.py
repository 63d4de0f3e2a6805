from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from monai.data import MetaTensor

from nodulescope.bundles.nodule_detection.box_classes import IGNORED_CLASS
from nodulescope.bundles.nodule_detection.patches import RandBoxPatchesd

SHAPE = (60, 52, 70)


def ball_at(center: tuple[float, float, float], radii: tuple[float, float, float], shape: tuple[int, int, int] = SHAPE) -> dict[str, Any]:
    """An ellipsoid of ones with its tight box."""
    offset = np.moveaxis(np.indices(shape), 0, -1) - np.array(center)
    inside = ((offset / radii) ** 2).sum(-1) <= 1
    voxels = np.argwhere(inside)
    box = [*(voxels.min(0) - 0.5), *(voxels.max(0) + 0.5)]
    image = torch.from_numpy(inside.astype(np.float16))[None]
    return {"image": MetaTensor(image), "box": torch.tensor([box]), "box_class": torch.tensor([0])}


def seeded(transform: RandBoxPatchesd) -> RandBoxPatchesd:
    transform.set_random_state(seed=0)
    return transform


def test_the_box_moves_with_what_it_holds() -> None:
    # Three different edges and three different values tell the 48 orientations apart.
    item = ball_at((30, 24, 40), (3, 5, 7))
    item["image"][0, 32:, :, :] *= 2
    item["image"][0, :, 27:, :] *= 3
    item["image"][0, :, :, 44:] *= 5
    seen = set()
    for patch in seeded(RandBoxPatchesd("image", size=32, patches=500, positive=1.0))(item):
        assert patch["image"].shape == (1, 32, 32, 32)
        assert patch["image"].dtype == torch.float32
        assert patch["box"].shape == (1, 6)
        bright = torch.nonzero(patch["image"][0] > 0).float()
        assert len(bright) > 0
        low, high = bright.min(0).values - 0.5, bright.max(0).values + 0.5
        torch.testing.assert_close(patch["box"][0, :3], low)
        torch.testing.assert_close(patch["box"][0, 3:], high)
        if (high - low).sort().values.tolist() == [7.0, 11.0, 15.0]:  # whole
            axes = tuple((high - low).argsort().tolist())
            middle = (low + high) / 2
            signs = []
            for axis, factor in zip(axes, (2, 3, 5), strict=True):
                values = patch["image"][0][tuple(bright.long().T)]
                marked = bright[(values.round().long() % factor) == 0][:, axis]
                signs.append(bool(marked.mean() > middle[axis]))
            seen.add((axes, tuple(signs)))
            assert patch["box_class"].tolist() == [0]
    assert len(seen) == 48


def test_half_a_nodule_does_not_count() -> None:
    item = ball_at((30, 24, 40), (6, 6, 6))
    shares = set()
    for patch in seeded(RandBoxPatchesd("image", size=24, patches=300, positive=0.0))(item):
        if not len(patch["box"]):
            assert float(patch["image"].max()) == 0.0
            continue
        inside = float((patch["box"][0, 3:] - patch["box"][0, :3]).prod()) / 13**3
        assert patch["box_class"].tolist() == [0 if inside >= 0.5 else IGNORED_CLASS]
        shares.add(inside >= 0.5)
    assert shares == {True, False}


def test_a_patch_around_a_nodule_holds_its_centre() -> None:
    item = ball_at((30, 24, 40), (4, 4, 4))
    for patch in seeded(RandBoxPatchesd("image", size=32, patches=100, positive=1.0))(item):
        center = (patch["box"][0, :3] + patch["box"][0, 3:]) / 2
        assert patch["box_class"].tolist() == [0]
        assert (center > 6).all()
        assert (center < 25).all()


def test_a_scan_smaller_than_a_patch_goes_on_as_air() -> None:
    item = ball_at((8, 10, 6), (3, 3, 3), (16, 40, 12))
    item["image"] += 0.25
    for patch in seeded(RandBoxPatchesd("image", size=32, patches=30, positive=0.5))(item):
        assert patch["image"].shape == (1, 32, 32, 32)
        assert int((patch["image"] > 0).sum()) == 16 * 32 * 12
        if len(patch["box"]):
            bright = torch.nonzero(patch["image"][0] > 0.5).float()
            torch.testing.assert_close(patch["box"][0, :3], bright.min(0).values - 0.5)


def test_scans_without_nodules_give_patches_without_boxes() -> None:
    item = {"image": torch.rand(1, *SHAPE), "box": torch.zeros(0, 6), "box_class": torch.zeros(0, dtype=torch.int64)}
    patches = seeded(RandBoxPatchesd("image", size=32, patches=4, positive=1.0))(item)
    assert len(patches) == 4
    assert all(p["box"].shape == (0, 6) and p["box_class"].shape == (0,) and p["box_class"].dtype == torch.int64 for p in patches)


@pytest.mark.parametrize("seed", [0, 1])
def test_the_same_seed_draws_the_same_patches(seed: int) -> None:
    item = ball_at((30, 24, 40), (3, 5, 7))
    first, second = (RandBoxPatchesd("image", size=32, patches=3, positive=0.5).set_random_state(seed=seed)(item) for _ in range(2))
    assert all(torch.equal(a["image"], b["image"]) for a, b in zip(first, second, strict=True))
