"""Numbers as a reader of a report expects them."""

from __future__ import annotations

_THIN_SPACE = "\u202f"
"""Narrow no-break space: groups thousands without a comma that other languages read as a decimal point (ISO 80000-1)."""

_GROUPED_FROM = 10_000


def fixed(value: float, decimals: int) -> str:
    """A number with fixed decimals, thousands grouped from 10 000 on, and a true minus sign."""
    text = f"{abs(value):,.{decimals}f}" if abs(value) >= _GROUPED_FROM else f"{abs(value):.{decimals}f}"
    sign = "\u2212" if value < 0 and float(f"{value:.{decimals}f}") != 0 else ""
    return sign + text.replace(",", _THIN_SPACE)


def millimetres(value: float) -> str:
    """A length to 0.1 mm, as Lung-RADS v2022 reports it; without the unit."""
    return fixed(value, 1)


def cubic_millimetres(value: float) -> str:
    """A volume to 0.1 mm³ below 100 mm³, to whole mm³ above; without the unit."""
    return fixed(value, 1 if value < 100 else 0)


def millilitres(value: float) -> str:
    """A lung volume to whole ml; without the unit."""
    return fixed(value, 0)


def percent(probability: float) -> str:
    """A probability in whole percent, never a rounded 0 or 100: a model is not certain."""
    if probability < 0.005:
        return "<1%"
    if probability >= 0.995:
        return ">99%"
    return f"{100 * probability:.0f}%"


def signed(value: float, decimals: int) -> str:
    """A change with its sign; what rounds to nothing has none."""
    text = fixed(value, decimals)
    return f"+{text}" if value > 0 and any(digit in text for digit in "123456789") else text


def percent_range(low: float, high: float) -> str:
    """Two probabilities as a range, or one percentage where both round to the same."""
    first, last = percent(low), percent(high)
    return first if first == last else f"{first}–{last}"
