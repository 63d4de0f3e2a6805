from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from nodulescope.bundles.data.nodule_crops import read_nodule_crops
from nodulescope.bundles.nodule_grading.ratings import READER_RATINGS


def test_crops_are_read_in_hu_with_their_patient_and_ratings(tmp_path: Path) -> None:
    images = np.random.default_rng(0).random((3, 51, 51, 51)).astype(np.float16)
    masks = np.zeros(images.shape, np.uint8)
    masks[:2, 25, 25, 25] = 1
    np.savez(tmp_path / "nodule_crops.npz", names=np.array(["4_nod2_ann0", "7_nod1_ann0", "9_nod1_ann0"]), image=images, mask=masks)
    header = "Filename,lobulation,sphericity,margin,texture,malignancy,spiculation,subtlety\n"
    (tmp_path / "ratings.csv").write_text(f"{header}4_nod2_ann0,1,2,3,4,5,2,1\n9_nod1_ann0,1,1,1,1,1,1,1\n")
    (crop,) = read_nodule_crops(tmp_path)  # the second has no ratings, the third no outline
    assert crop.patient == "LIDC-IDRI-0005"
    np.testing.assert_allclose(crop.hu, images[0].astype(np.float32) * 1600 - 1200, atol=1e-3)
    assert int(crop.outline.sum()) == 1
    rated = dict(zip(READER_RATINGS, crop.rating, strict=True))
    assert math.isnan(rated.pop("calcification"))
    assert rated == {"lobulation": 1, "sphericity": 2, "margin": 3, "texture": 4, "malignancy": 5, "spiculation": 2, "subtlety": 1}


def test_the_real_crops_are_lung(shared_data: Path) -> None:
    crops = list(read_nodule_crops(shared_data / "lidc" / "crops"))
    assert len(crops) >= 95
    assert all(crop.hu.shape == (51, 51, 51) and crop.outline.any() for crop in crops)
    inside = np.mean([crop.hu[crop.outline].mean() for crop in crops])
    outside = np.mean([np.median(crop.hu[~crop.outline]) for crop in crops])
    assert outside < -600
    assert inside > outside + 300  # small nodules are half partial volume
