from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nodulescope.bundles.metrics.overlap import Overlap
from nodulescope.bundles.metrics.segmentation_plots import write_segmentation_plots
from nodulescope.bundles.metrics.segmented_cases import SegmentedCase


def cases_of(structures: tuple[str, ...], methods: tuple[str, ...]) -> list[SegmentedCase]:
    rng = np.random.default_rng(0)
    return [
        SegmentedCase(f"c{n}", f"p{n}", structure, by, rng.uniform(3, 30), Overlap(rng.random(), 1.0, 2.0, *rng.uniform(0, 1000, 2)))
        for n in range(150)
        for structure in structures
        for by in methods
    ]


@pytest.mark.parametrize(
    ("structures", "methods"),
    [(("nodule",), ("network", "threshold", "readers")), (("both lungs", "right lung", "left lung"), ("network", "classical"))],
)
def test_pictures_are_small_and_the_same_every_time(structures: tuple[str, ...], methods: tuple[str, ...], tmp_path: Path) -> None:
    cases = cases_of(structures, methods)
    plots = write_segmentation_plots(cases, lambda name: tmp_path / name)
    assert [plot.file for plot in plots] == ["dice.png", "volume.png"]
    contents = [(tmp_path / plot.file).read_bytes() for plot in plots]
    assert all(5_000 < len(content) < 60_000 for content in contents)
    write_segmentation_plots(cases, lambda name: tmp_path / name)
    assert [(tmp_path / plot.file).read_bytes() for plot in plots] == contents
    write_segmentation_plots(cases[: len(cases) // 2], lambda name: tmp_path / name)
    assert (tmp_path / "dice.png").read_bytes() != contents[0]


def test_a_single_missed_case_is_drawn(tmp_path: Path) -> None:
    missed = SegmentedCase("c", "p", "nodule", "network", 5.0, Overlap(0.0, np.nan, np.nan, 0.0, 65.0))
    assert len(write_segmentation_plots([missed], lambda name: tmp_path / name)) == 2
