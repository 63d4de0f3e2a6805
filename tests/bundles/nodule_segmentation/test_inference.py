from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel
import numpy as np

from nodulescope.bundles.coordinates import index_to_world, swap_ras_lps


def test_outlines_lie_around_their_places(small_bundle: Callable[[str], Any], small_data: Any, tmp_path: Path) -> None:
    small_bundle("nodule_segmentation").run(["inference.yaml"], tmp_path, datalist=small_data.places, output_dir=tmp_path / "out")
    assert sorted(p.name for p in (tmp_path / "out").glob("*.nii.gz")) == [
        "scan_1_outline.nii.gz",
        "scan_1_probability.nii.gz",
        "scan_outline.nii.gz",
        "scan_probability.nii.gz",
    ]
    x, y, z = small_data.nodule_lps_mm
    for name, spacing, center in (("scan", 1.0, (x, y, z)), ("scan_1", 2.0, (x - 40.0, y, z))):
        probability, outline = (nibabel.load(tmp_path / "out" / f"{name}_{kind}.nii.gz") for kind in ("probability", "outline"))
        assert probability.shape == outline.shape == (32, 32, 32)
        np.testing.assert_allclose(probability.affine, outline.affine)
        np.testing.assert_allclose(np.diag(outline.affine)[:3], [spacing] * 3)
        np.testing.assert_allclose(index_to_world(swap_ras_lps(outline.affine), [15.5] * 3), center, atol=1e-4)
        values, mask = np.asarray(probability.dataobj), np.asarray(outline.dataobj)
        assert values.dtype == np.float32
        assert 0.0 <= values.min() < values.max() <= 1.0
        assert mask.dtype == np.uint8
        assert (values[mask == 1] >= 0.5).all()
