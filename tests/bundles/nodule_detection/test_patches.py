from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from monai.data import MetaTensor

from nodulescope.bundles.nodule_detection.box_classes import IGNORED_CLASS, NODULE_CLASS
from nodulescope.bundles.nodule_detection.patches import PLACE_CLASS, RandBoxPatchesd, augmented_patch_transforms

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


def with_place(item: dict[str, Any], center: tuple[float, float, float]) -> dict[str, Any]:
    """The item with a place where patches are drawn, marked by a single voxel of value 9."""
    item["image"][0, *(int(c) for c in center)] = 9.0
    place = torch.tensor([[*(c - 0.5 for c in center), *(c + 0.5 for c in center)]])
    return {**item, "box": torch.cat([item["box"], place]), "box_class": torch.tensor([NODULE_CLASS, PLACE_CLASS])}


def test_hard_places_are_a_third_kind_of_patch() -> None:
    item = with_place(ball_at((12, 12, 12), (2, 2, 2), (96, 96, 96)), (80, 80, 80))
    patches = seeded(RandBoxPatchesd("image", size=24, patches=400, positive=0.5, hard=0.3))(item)
    at_place = [patch for patch in patches if float(patch["image"].max()) == 9.0]
    at_nodule = [patch for patch in patches if NODULE_CLASS in patch["box_class"]]
    # A patch anywhere holds either of them, which lie near corners, with a chance of 1 to 3 in 100.
    assert len(at_place) / 400 == pytest.approx(0.3 + 0.35 * 0.02, abs=0.06)
    assert len(at_nodule) / 400 == pytest.approx(0.7 * (0.5 + 0.5 * 0.02), abs=0.07)
    for patch in at_place:
        assert len(patch["box"]) == len(patch["box_class"]) == 0
    inside = [torch.nonzero(patch["image"][0] == 9.0)[0] for patch in at_place]
    assert sum(bool(((where >= 7) & (where <= 16)).all()) for where in inside) >= 0.9 * len(inside)


def test_a_nodule_beside_a_hard_place_keeps_its_box() -> None:
    item = with_place(ball_at((30, 24, 40), (3, 3, 3)), (30, 24, 46))
    for patch in seeded(RandBoxPatchesd("image", size=32, patches=50, positive=0.0, hard=1.0))(item):
        assert float(patch["image"].max()) == 9.0
        assert patch["box"].shape == (1, 6)
        assert patch["box_class"].tolist() == [NODULE_CLASS]


def test_without_hard_places_the_share_goes_to_the_others() -> None:
    item = ball_at((30, 24, 40), (4, 4, 4))
    patches = seeded(RandBoxPatchesd("image", size=32, patches=30, positive=1.0, hard=1.0))(item)
    assert all(patch["box_class"].tolist() == [NODULE_CLASS] for patch in patches)


def test_augmentation_changes_brightness_but_no_box() -> None:
    item = ball_at((30, 24, 40), (3, 5, 7))
    patches: Any = augmented_patch_transforms(32, patches=20, positive=1.0).set_random_state(seed=0)(item)
    levels = {round(float(patch["image"].max()), 3) for patch in patches}
    assert len(levels) > 5
    assert all(abs(level - 1.0) < 0.16 for level in levels)
    for patch in patches:
        bright = torch.nonzero(patch["image"][0] > 0.5).float()
        torch.testing.assert_close(patch["box"][0, :3], bright.min(0).values - 0.5, atol=1.01, rtol=0)  # blur dims the tips
