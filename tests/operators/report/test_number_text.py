from __future__ import annotations

import pytest

from nodulescope.operators.report import number_text


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (0.04, 1, "0.0"),
        (-0.04, 1, "0.0"),
        (-3.26, 1, "−3.3"),
        (9999, 0, "9999"),
        (14137.17, 0, "14\u202f137"),
        (-1234567.5, 1, "−1\u202f234\u202f567.5"),
    ],
)
def test_fixed(value: float, decimals: int, text: str) -> None:
    assert number_text.fixed(value, decimals) == text


@pytest.mark.parametrize(
    ("probability", "text"), [(0.0, "<1%"), (0.004, "<1%"), (0.006, "1%"), (0.5, "50%"), (0.994, "99%"), (0.9951, ">99%"), (1.0, ">99%")]
)
def test_a_model_is_never_certain(probability: float, text: str) -> None:
    assert number_text.percent(probability) == text


@pytest.mark.parametrize(("value", "text"), [(2.46, "+2.5"), (-1.0, "−1.0"), (0.04, "0.0"), (-0.04, "0.0"), (0.0, "0.0")])
def test_changes_have_a_sign(value: float, text: str) -> None:
    assert number_text.signed(value, 1) == text


def test_ranges_of_probabilities() -> None:
    assert number_text.percent_range(0.051, 0.398) == "5%–40%"
    assert number_text.percent_range(0.051, 0.049) == "5%"


def test_sizes() -> None:
    assert number_text.millimetres(8.04) == "8.0"
    assert number_text.cubic_millimetres(33.51) == "33.5"
    assert number_text.cubic_millimetres(113.1) == "113"
    assert number_text.millilitres(4744.2) == "4744"
