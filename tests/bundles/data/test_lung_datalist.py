from __future__ import annotations

import json
from pathlib import Path

import nibabel
import numpy as np

from nodulescope.bundles.contracts import LEFT_LUNG, RIGHT_LUNG, CTSource, CTVolume
from nodulescope.bundles.data.lung_datalist import write_lung_datalist


def chest() -> CTVolume:
    """Two lungs of air in a body of water, 3 mm; the larger one on the patient's right."""
    affine = np.diag([3.0, 3.0, 3.0, 1.0])  # LPS
    hu = np.full((110, 80, 80), -1000.0, np.float32)
    hu[5:105, 5:75] = 40.0
    hu[12:50, 15:65, 8:72] = -850.0  # low x: the patient's right
    hu[62:98, 15:65, 20:72] = -850.0
    return CTVolume(hu, affine, CTSource("phantom", "chest"))


def test_scans_get_lungs_a_picture_and_an_entry_beside_those_taken_along(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    for name in ("a.nii.gz", "a_lungs.nii.gz"):
        (other / name).touch()
    entry = {"image": "a.nii.gz", "label": "a_lungs.nii.gz", "patient": "a"}
    (other / "scans.json").write_text(json.dumps({"training": [], "validation": [entry]}))
    assert list(write_lung_datalist(tmp_path / "out", iter([("someone", chest())]), [other / "scans.json"])) == [1]
    parts = json.loads((tmp_path / "out" / "scans.json").read_text())
    (item,) = parts["training"]
    assert item["patient"] == "someone"
    assert parts["validation"][0]["image"] == "../other/a.nii.gz"
    image, label = (nibabel.load(tmp_path / "out" / item[key]) for key in ("image", "label"))
    hu, lungs = np.asarray(image.dataobj), np.asarray(label.dataobj)
    np.testing.assert_allclose(np.abs(np.diag(image.affine)[:3]), 1.0)
    assert (hu[lungs > 0] < -400).mean() > 0.9
    right, left = (np.count_nonzero(lungs == side) / 1000 for side in (RIGHT_LUNG, LEFT_LUNG))
    assert abs(right / (38 * 50 * 64 * 0.027) - 1) < 0.1
    assert abs(left / (36 * 50 * 52 * 0.027) - 1) < 0.1
    assert (tmp_path / "out" / "someone_1.png").stat().st_size > 10_000
