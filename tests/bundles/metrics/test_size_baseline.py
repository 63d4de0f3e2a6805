from __future__ import annotations

import math
from pathlib import Path

import nibabel
import numpy as np
import pytest

from nodulescope.bundles.errors import InputError
from nodulescope.bundles.metrics.size_baseline import FEWEST_TO_FIT, equivalent_diameter_mm, fit_size_baseline, outline_diameter_mm


def test_diameter_of_a_ball() -> None:
    assert equivalent_diameter_mm(4 / 3 * math.pi * 5.0**3) == pytest.approx(10.0)


def test_diameter_of_an_outline_counts_millimetres(tmp_path: Path) -> None:
    mask = np.zeros((8, 8, 8), np.uint8)
    mask[2:5, 2:4, 1:6] = 3
    nibabel.save(nibabel.Nifti1Image(mask, np.diag([-0.5, 2.0, 1.0, 1.0])), tmp_path / "one.nii")
    nibabel.save(nibabel.Nifti1Image(np.zeros_like(mask), np.eye(4)), tmp_path / "none.nii")
    assert outline_diameter_mm(str(tmp_path / "one.nii")) == pytest.approx(equivalent_diameter_mm(30.0))
    assert math.isnan(outline_diameter_mm(str(tmp_path / "none.nii")))


def test_an_unreadable_outline_is_named(tmp_path: Path) -> None:
    (tmp_path / "bad.nii").write_bytes(b"no image")
    with pytest.raises(InputError, match=r"bad\.nii: cannot be read"):
        outline_diameter_mm(str(tmp_path / "bad.nii"))


def test_fit_never_falls_and_is_the_mean_where_order_allows() -> None:
    diameters = np.repeat([4.0, 8.0, 12.0, 16.0], 10)
    ratings = np.repeat([1.0, 3.5, 2.5, 5.0], 10)
    ratings[0] = 2.0
    fit = fit_size_baseline(zip(diameters, ratings, strict=True))
    assert fit is not None
    assert fit([4.0, 8.0, 12.0, 16.0]) == pytest.approx([1.1, 3.0, 3.0, 5.0])
    assert fit([1.0, 6.0, 99.0]) == pytest.approx([1.1, (1.1 + 3.0) / 2, 5.0])
    assert math.isnan(float(fit(math.nan)))


def test_too_few_nodules_give_no_fit() -> None:
    nodules = [(float(n + 3), 3.0) for n in range(FEWEST_TO_FIT - 1)]
    assert fit_size_baseline(nodules) is None
    assert fit_size_baseline([*nodules, (math.nan, 3.0)]) is None
    assert fit_size_baseline([*nodules, (9.0, 3.0)]) is not None
