"""Trees: they reach every point, obey Murray's law and are connected."""

from __future__ import annotations

import numpy as np
import pytest

from nodulescope.bundles.data.phantoms.branching import MURRAY, TERMINAL_RADIUS_MM, Branches, grow


@pytest.fixture(scope="module")
def tree() -> Branches:
    cloud = np.random.Generator(np.random.PCG64(1)).uniform(-50, 50, (200, 3))
    return grow(np.array([0.0, 0.0, -60.0]), cloud, (cloud[:, 0] > 0).astype(np.int64))


def test_first_branches_feed_every_point(tree: Branches) -> None:
    at_root = np.linalg.norm(tree.start - [0, 0, -60], axis=1) < 1e-9
    assert tree.ends[at_root].sum() == 200


def test_widths_follow_murray(tree: Branches) -> None:
    assert np.allclose(tree.end_radius.min(), TERMINAL_RADIUS_MM, rtol=0.01)
    wide = TERMINAL_RADIUS_MM * tree.ends ** (1 / MURRAY)
    assert (tree.end_radius >= wide - 1e-9).all()
    assert (tree.start_radius >= tree.end_radius - 1e-9).all()


def test_every_piece_continues_another(tree: Branches) -> None:
    ends = {tuple(np.round(p, 6)) for p in tree.end} | {(0.0, 0.0, -60.0)}
    assert all(tuple(np.round(p, 6)) in ends for p in tree.start)


def test_no_points_no_tree() -> None:
    assert len(grow(np.zeros(3), np.zeros((0, 3)), np.zeros(0, dtype=np.int64)).start) == 0
