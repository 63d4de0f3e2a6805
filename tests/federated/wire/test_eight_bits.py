from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodulescope.federated.wire.eight_bits import BLOCK, fits, pack, rounded, unpack


def test_a_block_shares_the_power_of_two_of_its_largest_value() -> None:
    value = np.zeros(40, np.float32)
    value[:3] = (5.0, -3.03, 0.01)
    value[35] = 0.75
    steps, exponents = pack(value)
    assert exponents.tolist() == [2, -1]  # 4 <= 5 < 8, and 0.5 <= 0.75 < 1
    assert steps[:3].tolist() == [80, -48, 0]  # in steps of 4/64
    assert steps[35] == 96
    assert unpack(steps, exponents)[[0, 1, 2, 35]].tolist() == [5.0, -3.0, 0.0, 0.75]


def test_it_takes_a_byte_for_each_value_and_one_for_each_block() -> None:
    steps, exponents = pack(np.ones((7, 5, 3), np.float32))
    assert steps.nbytes == 105 and exponents.nbytes == -(-105 // BLOCK)
    assert steps.shape == (7, 5, 3)


@pytest.mark.parametrize("value", [np.zeros((2, 3), np.float32), np.full(3, 1.9999999, np.float32), np.full(1, 1e-38, np.float32)])
def test_the_ends_of_the_range(value: np.ndarray) -> None:
    np.testing.assert_allclose(rounded(value), value, rtol=2**-7, atol=2.0**-134)


def test_what_has_no_such_exponent_does_not_fit() -> None:
    assert not fits(np.array([np.nan], np.float32))
    assert not fits(np.array([3e38], np.float32))
    assert not fits(np.zeros(0, np.float32))
    broken = np.array([1.0, np.inf], np.float32)
    np.testing.assert_array_equal(rounded(broken), broken)


@given(st.integers(0, 2**32 - 1), st.integers(1, 100), st.integers(-30, 30))
def test_rounding_costs_at_most_a_step_of_the_largest_value_and_happens_once(seed: int, size: int, exponent: int) -> None:
    value = np.ldexp(np.random.default_rng(seed).normal(size=size), exponent).astype(np.float32)
    once = rounded(value)
    np.testing.assert_array_equal(rounded(once), once)
    for begin in range(0, size, BLOCK):
        block = slice(begin, begin + BLOCK)
        assert np.abs(once[block] - value[block]).max() <= np.abs(value[block]).max() * 2.0**-6
