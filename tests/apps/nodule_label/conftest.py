"""A chest of two lungs with two nodules, and labels of it as readers submit them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_chest import SmallChest, small_chest

from nodulescope.apps.nodule_label.answer_files import write_label_map
from nodulescope.apps.nodule_label.labelled_scans import LabelledScans
from nodulescope.apps.nodule_label.submitted_labels import Kind, SubmittedLabel, SubmittedLabels
from nodulescope.bundles.contracts import CTVolume, LungMask

Submit = Callable[..., SubmittedLabel]


@pytest.fixture(scope="session")
def chest() -> SmallChest:
    return small_chest(0)


@pytest.fixture
def labels(tmp_path: Path) -> SubmittedLabels:
    return SubmittedLabels(tmp_path / "labels")


@pytest.fixture
def submit(labels: SubmittedLabels, chest: SmallChest, tmp_path: Path) -> Submit:
    """``submit(values, study=, kind=, reader=, ratings=, ...)``: keep a label map of the chest."""

    def keep(values: np.ndarray, study: str = "scan", kind: Kind = Kind.NODULES, reader: str = "anna", **more: Any) -> SubmittedLabel:
        file = tmp_path / "submitted.nii.gz"
        write_label_map(values, chest.ct.affine_lps, file)
        return labels.add(SubmittedLabel(study, kind, reader, file, **more))

    return keep


@pytest.fixture
def scans(labels: SubmittedLabels, chest: SmallChest, tmp_path: Path) -> LabelledScans:
    """Every study is the chest, and its lungs are found without a mistake."""

    def find_lungs(ct: CTVolume) -> tuple[LungMask, str]:
        return LungMask(chest.lungs, ct.affine_lps, fully_covered=True), "found"

    return LabelledScans(tmp_path / "annotations", labels, lambda study: chest.ct, find_lungs)
