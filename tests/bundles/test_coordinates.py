from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial.transform import Rotation

from nodulescope.bundles.contracts import CTVolume
from nodulescope.bundles.coordinates import index_to_world, spacing_of, swap_ras_lps, world_to_index

MakeCT = Callable[..., CTVolume]

steps = st.floats(0.3, 10.0)
places = arrays(np.float64, (3,), elements=st.floats(-2000, 2000))
turns = arrays(np.float64, (3,), elements=st.floats(-np.pi, np.pi))
indices = arrays(np.float64, (5, 3), elements=st.floats(-600, 600))


def grid(turn: np.ndarray, spacing: Any, origin: np.ndarray) -> np.ndarray:
    affine = np.eye(4)
    affine[:3, :3] = Rotation.from_rotvec(turn).as_matrix() * spacing
    affine[:3, 3] = origin
    return affine


@given(turn=turns, spacing=st.tuples(steps, steps, steps), origin=places, index=indices)
def test_indices_come_back_from_the_world(turn: np.ndarray, spacing: Any, origin: np.ndarray, index: np.ndarray) -> None:
    affine = grid(turn, spacing, origin)
    np.testing.assert_allclose(world_to_index(affine, index_to_world(affine, index)), index, atol=1e-6)
    np.testing.assert_allclose(spacing_of(affine), spacing, rtol=1e-9)


@given(turn=turns, spacing=st.tuples(steps, steps, steps), origin=places, index=indices)
def test_ras_and_lps_tell_the_same_point(turn: np.ndarray, spacing: Any, origin: np.ndarray, index: np.ndarray) -> None:
    lps = grid(turn, spacing, origin)
    ras = swap_ras_lps(lps)
    np.testing.assert_allclose(index_to_world(ras, index), index_to_world(lps, index) * [-1, -1, 1], atol=1e-9)
    np.testing.assert_array_equal(swap_ras_lps(ras), lps)
    assert spacing_of(ras) == spacing_of(lps)
    assert np.linalg.det(ras[:3, :3]) == pytest.approx(np.linalg.det(lps[:3, :3]))  # two mirrors make no mirror


def test_a_step_along_an_axis_goes_where_its_letter_says(make_ct: MakeCT, orientation: Any) -> None:
    spacing = (0.75, 0.5, 2.5)
    affine = make_ct(orientation=orientation, spacing=spacing).affine_lps
    axes, signs = orientation
    for index_axis in range(3):
        step = index_to_world(affine, np.eye(3)[index_axis]) - index_to_world(affine, [0, 0, 0])
        expected = np.zeros(3)
        expected[axes[index_axis]] = signs[index_axis] * spacing[index_axis]
        np.testing.assert_allclose(step, expected, atol=1e-12)
        in_ras = index_to_world(swap_ras_lps(affine), np.eye(3)[index_axis]) - index_to_world(swap_ras_lps(affine), [0, 0, 0])
        np.testing.assert_allclose(in_ras, expected * [-1, -1, 1], atol=1e-12)


def test_nibabel_names_the_axes_as_we_do(make_ct: MakeCT, orientation: Any) -> None:
    from nibabel.orientations import aff2axcodes

    axes, signs = orientation
    letters = tuple("LPS"[a] if s > 0 else "RAI"[a] for a, s in zip(axes, signs, strict=True))
    assert aff2axcodes(swap_ras_lps(make_ct(orientation=orientation).affine_lps)) == letters


def test_any_shape_of_points() -> None:
    affine = grid(np.array([0.1, 0.2, 0.3]), (1.0, 2.0, 3.0), np.array([5.0, 6.0, 7.0]))
    points = np.random.default_rng(0).uniform(-9, 9, (2, 4, 3))
    mapped = index_to_world(affine, points)
    assert mapped.shape == (2, 4, 3)
    np.testing.assert_allclose(mapped[1, 2], affine[:3, :3] @ points[1, 2] + affine[:3, 3])
