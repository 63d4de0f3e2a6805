from __future__ import annotations

import json
from pathlib import Path

import nibabel
import numpy as np
import torch
from monai.data import MetaTensor

from nodulescope.bundles.data.result_files import SaveJsond, SaveResultd


def test_images_are_named_after_their_items(tmp_path: Path) -> None:
    affine = torch.diag(torch.tensor([-1.0, -2.0, 3.0, 1.0], dtype=torch.float64))
    save = SaveResultd(
        keys="pred", output_dir=tmp_path, output_postfix="lungs", output_dtype="uint8", separate_folder=False, print_log=False
    )
    for number, name in enumerate(("first", "1.2.840.113", "first_1")):
        image = MetaTensor(torch.full((1, 2, 3, 4), float(number)), affine=affine, meta={"filename_or_obj": "same/ct.nii.gz"})
        assert save({"pred": image, "name": name})["pred"] is image
    assert sorted(p.name for p in tmp_path.iterdir()) == ["1.2.840.113_lungs.nii.gz", "first_1_lungs.nii.gz", "first_lungs.nii.gz"]
    written = nibabel.load(tmp_path / "1.2.840.113_lungs.nii.gz")
    np.testing.assert_array_equal(np.asarray(written.dataobj), np.ones((2, 3, 4)))
    np.testing.assert_allclose(written.affine, affine)
    assert written.get_data_dtype() == np.uint8


def test_values_become_one_json_object(tmp_path: Path) -> None:
    save = SaveJsond(["box", "grade", "source"], tmp_path / "out", "found", names={"grade": "rating"}, notes={"unit": "mm"})
    save(
        {
            "name": "a",
            "box": torch.tensor([[1.5, 2.0]]),
            "grade": {"p": np.float32(0.5), "q": [torch.tensor(3)]},
            "source": "ct.nii",
            "other": object(),
        }
    )
    assert json.loads((tmp_path / "out" / "a_found.json").read_text()) == {
        "box": [[1.5, 2.0]],
        "rating": {"p": 0.5, "q": [3]},
        "source": "ct.nii",
        "unit": "mm",
    }
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["a_found.json"]
