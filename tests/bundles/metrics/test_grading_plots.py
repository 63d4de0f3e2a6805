from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nodulescope.bundles.metrics import grading_plots
from nodulescope.bundles.metrics.agreement import auc
from nodulescope.bundles.metrics.graded_cases import GradedCase
from nodulescope.bundles.metrics.grading_plots import roc_curve, write_grading_plots


def test_the_area_under_the_curve_is_the_auc() -> None:
    rng = np.random.default_rng(0)
    score, positive = rng.integers(0, 12, 60).astype(float), rng.random(60) > 0.5
    false, true = roc_curve(score, positive)
    assert (false[0], true[0], false[-1], true[-1]) == (0, 0, 1, 1)
    assert np.trapezoid(true, false) == pytest.approx(auc(score, positive))


def test_pictures_are_small_and_the_same_every_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grading_plots, "BAND_DRAWS", 20)
    rng = np.random.default_rng(0)
    cases = [
        GradedCase(f"c{n}", f"p{n // 2}", True, (float(rng.integers(1, 6)),) * 3, 0.9, rng.uniform(1, 5), rng.random(), rng.uniform(3, 30))
        for n in range(300)
    ]
    cases += [GradedCase(f"e{n}", f"p{n}", False, (), rng.random(), 1.0, 0.1) for n in range(20)]
    contents = []
    for folder in (tmp_path / "one", tmp_path / "two"):
        folder.mkdir()
        plots = write_grading_plots(cases, lambda name, folder=folder: folder / name)
        contents.append([(folder / plot.file).read_bytes() for plot in plots])
    assert [plot.file for plot in plots] == ["roc.png", "reliability.png", "ratings.png"]
    assert contents[0] == contents[1]
    assert all(len(content) < 60_000 for content in contents[0])
    with Image.open(tmp_path / "one" / "roc.png") as image:
        assert len(np.unique(np.asarray(image.convert("L")))) > 50  # curves, a band and letters


def test_one_class_alone_has_no_curve_and_no_error(tmp_path: Path) -> None:
    cases = [GradedCase("a", "p", True, (5.0,), 0.5, 4.0, 0.9), GradedCase("b", "p", True, (5.0,), 0.5, 4.5, 0.8)]
    write_grading_plots(cases, lambda name: tmp_path / name)
    assert (tmp_path / "roc.png").stat().st_size > 1000
