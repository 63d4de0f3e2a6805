from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest

from nodulescope.bundles.contracts import Candidate, CTVolume, Grade, LungMask, Outline
from nodulescope.bundles.errors import InputError
from nodulescope.bundles.predictors.detection import Detections
from nodulescope.operators.examination import ModelProvenance
from nodulescope.operators.models import Models
from nodulescope.operators.tuning.collection import LOWEST_SCORE, collect
from nodulescope.operators.tuning.records import ScanRecord

NODULE = (10.0, 5.0, -20.0)
IN_LUNG = (-15.0, 0.0, -20.0)
BESIDE = (36.0, 0.0, -20.0)


class Said:
    """Networks that know the answers, and note what they are asked."""

    def __init__(self, version: str = "1") -> None:
        self.asked: list[Any] = []
        self.models = Models(
            self.lungs,  # type: ignore[arg-type]
            self,  # type: ignore[arg-type]
            self.outline,  # type: ignore[arg-type]
            self.grading,  # type: ignore[arg-type]
            (ModelProvenance("nodule_detection", "said", version, "abc"),),
        )

    def lungs(self, ct: CTVolume) -> LungMask:
        self.asked.append("lungs")
        if ct.hu.min() > -500:
            raise InputError("no lungs")
        return LungMask((ct.hu < -500).astype(np.uint8), ct.affine_lps, True)

    def search(self, ct: CTVolume, lungs: LungMask, magnification: float) -> Detections:
        self.asked.append(magnification)
        centers = np.array([NODULE, IN_LUNG, BESIDE, IN_LUNG])
        boxes = np.concatenate([centers - 4.0, centers + 4.0], axis=1).astype(np.float32)
        return Detections(boxes, np.array([0.9, 0.5, 0.8, LOWEST_SCORE / 2], np.float32), np.full(4, magnification))

    def outline(self, ct: CTVolume, candidates: Sequence[Candidate]) -> tuple[Outline, ...]:
        """A ball of 10 mm where the nodule is, nothing elsewhere."""
        outlines = []
        for candidate in candidates:
            affine = np.eye(4)
            affine[:3, 3] = np.array(candidate.center_lps_mm) - 12.0
            depth = 5.0 - np.linalg.norm(np.moveaxis(np.indices((25, 25, 25)), 0, -1) - 12.0, axis=-1)
            probability = np.clip(depth + 0.5, 0.0, 1.0) if candidate.center_lps_mm == NODULE else np.zeros_like(depth)
            outlines.append(Outline(probability.astype(np.float32), affine))
        return tuple(outlines)

    def grading(self, ct: CTVolume, centers: Sequence[tuple[float, float, float]]) -> tuple[Grade, ...]:
        self.asked.append([tuple(round(v, 3) for v in center) for center in centers])
        return tuple(Grade(0.95 if center == NODULE else 0.1, 3.0, 0.5, {}) for center in centers)


@pytest.fixture
def items(tmp_path: Path) -> list[dict[str, str]]:
    """Two scans: a block of lung of 60 mm in tissue."""
    hu = np.full((70, 70, 70), 40, np.int16)
    hu[5:65, 5:65, 5:65] = -850
    affine = np.diag([-1.0, -1.0, 1.0, 1.0])
    affine[:3, 3] = (35.0, 35.0, -55.0)
    for name in ("a", "b"):
        nibabel.save(nibabel.Nifti1Image(hu, affine), tmp_path / f"{name}.nii.gz")
    return [{"image": str(tmp_path / f"{name}.nii.gz")} for name in ("a", "b")]


def records(items: list[dict[str, str]], said: Said, magnifications: Sequence[float], folder: Path) -> list[ScanRecord]:
    yielded = list(collect(items, said.models, magnifications, folder))
    assert [number for number, _ in yielded] == list(range(1, len(items) + 1))
    return [record for _, record in yielded]


def test_what_the_networks_say_is_written_down(items: list[dict[str, str]], tmp_path: Path) -> None:
    said = Said()
    (record, _) = records(items, said, [1.0, 2.0], tmp_path / "scans")
    assert [search.magnification for search in record.searches] == [1.0, 2.0]
    nodule, in_lung, beside, unsure = record.searches[0].findings
    np.testing.assert_allclose(nodule.center_lps_mm, NODULE, atol=0.01)  # type: ignore[arg-type]
    assert nodule.mean_diameter_mm == pytest.approx(10.0, abs=0.3)
    assert (nodule.grade.probability, nodule.score) == (0.95, pytest.approx(0.9))  # type: ignore[union-attr]
    assert in_lung.grade is not None
    assert in_lung.mean_diameter_mm is None  # nothing to measure
    assert (beside.near_lungs, beside.grade) == (False, None)
    assert (unsure.near_lungs, unsure.grade) == (True, None)
    assert said.asked[2] == [NODULE, IN_LUNG]  # after the lungs and the search, only these two are looked at closer
    assert record.before_s > 0
    assert all(search.search_s > 0 and search.look_s > 0 for search in record.searches)


def test_each_network_runs_once_per_scan_and_magnification(items: list[dict[str, str]], tmp_path: Path) -> None:
    first = records(items, Said(), [1.0], tmp_path)
    again = Said()
    assert records(items, again, [1.0], tmp_path) == first
    assert again.asked == []
    more = Said()
    assert [[s.magnification for s in record.searches] for record in records(items, more, [1.0, 1.5], tmp_path)] == [[1.0, 1.5]] * 2
    assert [asked for asked in more.asked if isinstance(asked, float)] == [1.5, 1.5]
    other = Said(version="2")
    records(items, other, [1.0], tmp_path)
    assert other.asked.count("lungs") == 2


def test_an_interrupted_run_goes_on(items: list[dict[str, str]], tmp_path: Path) -> None:
    first, second = Said(), Said()
    next(iter(collect(items, first.models, [1.0], tmp_path)))
    records(items, second, [1.0], tmp_path)
    assert (first.asked.count("lungs"), second.asked.count("lungs")) == (1, 1)


def test_a_scan_that_cannot_be_analysed_ends_it(items: list[dict[str, str]], tmp_path: Path) -> None:
    nibabel.save(nibabel.Nifti1Image(np.full((20, 20, 20), 40, np.int16), np.eye(4)), items[1]["image"])
    with pytest.raises(InputError):
        records(items, Said(), [1.0], tmp_path)
