from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nodulescope.bundles.metrics.froc import FALSE_POSITIVES_PER_SCAN
from nodulescope.bundles.metrics.froc_plot import plot_froc, plot_rates

BAND_COLOUR = "#9dc3e6"


def draw(path: Path, *, band: bool, picture: str) -> str:
    curve = np.linspace(0.5, 0.9, len(plot_rates()))
    width = 0.05 if band else np.nan
    plot_froc(curve, curve - width, curve + width, path, label="CPM 0.700", picture=picture)
    return path.read_text(encoding="utf-8") if picture == "svg" else ""


def test_every_operating_point_is_drawn() -> None:
    rates = plot_rates()
    assert (rates[0], rates[-1]) == (0.125, 8.0)
    assert rates[::40].tolist() == pytest.approx(FALSE_POSITIVES_PER_SCAN, rel=1e-12)
    assert (np.diff(rates) > 0).all()


def test_the_picture_says_what_it_shows(tmp_path: Path) -> None:
    text = draw(tmp_path / "froc.svg", band=True, picture="svg")
    for words in ("False positives per scan", "Sensitivity", "CPM 0.700", "95 % of bootstrap samples", ">1/8<", ">8<"):
        assert words in text
    assert BAND_COLOUR in text
    assert not re.search(r"<dc:date>", text)


def test_without_intervals_there_is_no_band(tmp_path: Path) -> None:
    text = draw(tmp_path / "froc.svg", band=False, picture="svg")
    assert BAND_COLOUR not in text
    assert "bootstrap" not in text


def test_the_same_curve_gives_the_same_file(tmp_path: Path) -> None:
    assert draw(tmp_path / "a.svg", band=True, picture="svg") == draw(tmp_path / "b.svg", band=True, picture="svg")


def test_a_png_has_a_curve_on_white(tmp_path: Path) -> None:
    draw(tmp_path / "froc.png", band=True, picture="png")
    pixels = np.asarray(Image.open(tmp_path / "froc.png").convert("RGB"))
    assert pixels.shape[:2] == (660, 960)
    assert pixels[2, 2].tolist() == [255, 255, 255]
    assert (pixels == (31, 78, 121)).all(axis=2).sum() > 500
