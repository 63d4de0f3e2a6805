from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel
import numpy as np


def test_labels_on_the_scans_own_grid(small_bundle: Callable[[str], Any], small_data: Any, tmp_path: Path) -> None:
    small_bundle("lung_segmentation").run(["inference.yaml"], tmp_path, datalist=small_data.scans, output_dir=tmp_path / "out")
    scan, labels = nibabel.load(small_data.scan), nibabel.load(tmp_path / "out" / "scan_lungs.nii.gz")
    assert labels.shape == scan.shape
    assert labels.get_data_dtype() == np.uint8
    np.testing.assert_allclose(labels.affine, scan.affine, atol=1e-5)
    assert set(np.unique(np.asarray(labels.dataobj))) <= {0, 1, 2}
