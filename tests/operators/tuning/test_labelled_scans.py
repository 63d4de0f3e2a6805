from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nodulescope.bundles.errors import InputError
from nodulescope.operators.tuning.labelled_scans import read_labelled_scans


def write(folder: Path, **changes: Any) -> Path:
    (folder / "a.nii.gz").touch()
    item = {"image": "a.nii.gz", "box": [[1, 2, 3, 6, 8, 10], [9, 9, 9, 40, 40, 40]], "box_class": [0, 1], **changes}
    file = folder / "scans.json"
    file.write_text(json.dumps({"validation": [{k: v for k, v in item.items() if v is not None}]}), encoding="utf-8")
    return file


def test_masses_and_doubtful_findings_count_neither_way(tmp_path: Path) -> None:
    scans = read_labelled_scans(write(tmp_path), "validation")
    assert (scans.datalist, scans.part, scans.nodules) == ("scans.json", "validation", 1)
    (truth,) = scans.truths
    np.testing.assert_array_equal(truth.centers, [[1, 2, 3]])
    np.testing.assert_array_equal((truth.diameters, truth.ignored_diameters), [[8.0], [40.0]])
    np.testing.assert_array_equal(truth.ignored_centers, [[9, 9, 9]])


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"box": None}, r"scans\.json: the item of a\.nii\.gz needs box and box_class"),
        ({"box_class": [0]}, r"scans\.json: the item of a\.nii\.gz needs box and box_class"),
        ({"box_class": [1, 1]}, r"scans\.json: the part 'validation' has no nodule to find"),
        ({"image": "gone.nii.gz"}, r"gone\.nii\.gz, which does not exist"),
    ],
)
def test_wrong_datalists_are_told(changes: dict[str, Any], told: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=told):
        read_labelled_scans(write(tmp_path, **changes), "validation")
