from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any


def test_grades_name_their_places(small_bundle: Callable[[str], Any], small_data: Any, tmp_path: Path) -> None:
    small_bundle("nodule_grading").run(["inference.yaml"], tmp_path, datalist=small_data.places, output_dir=tmp_path / "out")
    first, second = (json.loads((tmp_path / "out" / f"{name}_grade.json").read_text()) for name in ("scan", "scan_1"))
    assert first["source"] == second["source"] == str(small_data.scan)
    assert first["center_lps_mm"] == list(small_data.nodule_lps_mm)
    assert (first["magnification"], second["magnification"]) == (1.0, 2.0)
    for grade in (first["grade"], second["grade"]):
        assert list(grade) == ["probability", "malignancy", "malignancy_probability", "attributes"]
        assert 0.0 <= grade["probability"] <= 1.0
        assert 1.0 <= grade["malignancy"] <= 5.0
        assert set(grade["attributes"]) == {"subtlety", "sphericity", "margin", "lobulation", "spiculation", "texture", "calcification"}
    assert first["grade"] != second["grade"]  # a nodule and an empty place
