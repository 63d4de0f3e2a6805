from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from nodulescope.bundles.contracts import CTSource, CTVolume
from nodulescope.bundles.errors import InputError
from nodulescope.bundles.predictors import Bundle, LungPredictor
from nodulescope.bundles.predictors.lungs import SMALLEST_LUNGS_ML

Chest = Callable[..., CTVolume]


def test_lungs_lie_on_the_cts_own_grid(lungs_by_density: Bundle, chest: Chest, orientation: Any) -> None:
    ct = chest([], orientation=orientation)
    mask = LungPredictor(lungs_by_density)(ct)
    assert mask.labels.shape == ct.shape
    np.testing.assert_array_equal(mask.affine_lps, ct.affine_lps)
    truth = ct.hu < -500
    overlap = 2 * np.count_nonzero((mask.labels == 1) & truth) / (np.count_nonzero(mask.labels) + np.count_nonzero(truth))
    assert overlap > 0.95
    assert mask.fully_covered


def test_soft_tissue_alone_is_no_chest(lungs_by_density: Bundle) -> None:
    ct = CTVolume(np.full((60, 60, 40), 40.0, np.float32), np.diag([2.0, 2.0, 2.0, 1.0]), CTSource("nifti", path="liver.nii.gz"))
    told = rf"^liver\.nii\.gz: there are no lungs in this CT \(0 ml found, {SMALLEST_LUNGS_ML:.0f} needed\); give a chest CT$"
    with pytest.raises(InputError, match=told) as refused:
        LungPredictor(lungs_by_density)(ct)
    assert refused.value.exit_code == 3


def test_dense_lungs_are_a_mistake(open_small: Callable[..., Bundle]) -> None:
    everything = {"weight": torch.zeros(3, 1, 1, 1, 1), "bias": torch.tensor([0.0, 0.0, 5.0])}
    predictor = LungPredictor(open_small("lung_segmentation", {"network_def": "$torch.nn.Conv3d(1, 3, 1)"}, everything))
    ct = CTVolume(np.full((60, 60, 40), 40.0, np.float32), np.diag([2.0, 2.0, 2.0, 1.0]), CTSource("nifti", path="liver.nii.gz"))
    with pytest.raises(InputError, match="there are no air-filled lungs in this CT"):
        predictor(ct)


def test_what_was_never_measured_is_no_lung(lungs_by_density: Bundle, chest: Chest) -> None:
    ct = chest([])
    padding = np.zeros(ct.shape, bool)
    padding[: ct.shape[0] // 4] = True
    whole, part = LungPredictor(lungs_by_density)(ct), LungPredictor(lungs_by_density)(replace(ct, padding=padding))
    assert whole.labels[padding].any()
    np.testing.assert_array_equal(part.labels, np.where(padding, 0, whole.labels))


@pytest.mark.parametrize("slices", [slice(20, None), slice(None, -20)])
def test_lungs_that_run_into_the_last_slice_are_not_fully_covered(slices: slice, lungs_by_density: Bundle, chest: Chest) -> None:
    ct = chest([], extent=(130.0, 120.0, 110.0))
    start, stop, _ = slices.indices(ct.shape[2])
    cut = ct.cropped((0, 0, start), (*ct.shape[:2], stop))
    assert LungPredictor(lungs_by_density)(ct).fully_covered
    assert not LungPredictor(lungs_by_density)(cut).fully_covered
