from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from nodulescope.bundles.errors import UsageError
from nodulescope.operators.examination import ModelProvenance
from nodulescope.operators.nodules import Thresholds
from nodulescope.operators.tuning.choice import best_by_magnifications, choose, write_settings
from nodulescope.operators.tuning.labelled_scans import LabelledScans
from nodulescope.operators.tuning.sweep import OperatingPoint


def point(
    sensitivity: float,
    false: float,
    seconds: float = 10.0,
    magnifications: tuple[float, ...] = (1.0,),
    score: float = 0.3,
    probability: float = 0.9,
    weight: float = 0.5,
    overlap: float = 0.15,
) -> OperatingPoint:
    return OperatingPoint(magnifications, overlap, Thresholds(score, probability, detector_weight=weight), sensitivity, false, seconds)


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        (point(0.9, 3.9), point(0.8, 0.0)),
        (point(0.9, 4.0), point(1.0, 4.01)),
        (point(0.9, 1.0, seconds=60.0), point(0.9, 1.5, seconds=5.0)),
        (point(0.9, 1.0), point(0.9, 1.0, score=0.1, magnifications=(1.0, 2.0))),
        (point(0.9, 1.0, seconds=15.0, score=0.2), point(0.9, 1.0, seconds=10.0, score=0.3)),
        (point(0.9, 1.0, weight=0.75), point(0.9, 1.0, overlap=0.05)),
        (point(0.9, 1.0), point(0.9, 1.0, weight=0.25)),
    ],
)
def test_the_rule_of_choice(better: OperatingPoint, worse: OperatingPoint) -> None:
    assert choose([worse, better], 4.0) == choose([better, worse], 4.0) == better


def test_of_probabilities_that_do_the_same_the_middle_one_is_chosen() -> None:
    several = [point(0.9, 1.0, probability=p) for p in (0.8, 0.5, 0.9, 0.6)] + [point(0.9, 2.0, probability=0.3)]
    assert choose(several, 4.0).thresholds.nodule_probability == 0.6
    assert choose(several[:3], 4.0).thresholds.nodule_probability == 0.8


def test_too_strict_a_limit_is_told() -> None:
    with pytest.raises(UsageError, match=r"no setting has 0\.5 false positives per scan or fewer; allow 1\.25 or more"):
        choose([point(0.9, 2.0), point(0.5, 1.25)], 0.5)


def test_each_set_of_magnifications_has_its_best() -> None:
    several = [point(0.9, 5.0, magnifications=(2.0,)), point(0.7, 1.0), point(0.8, 1.0), point(0.6, 1.0, magnifications=(1.0, 2.0))]
    assert best_by_magnifications(several, 4.0) == [several[2], several[3]]


def test_the_settings_say_where_they_come_from(tmp_path: Path) -> None:
    scans = LabelledScans("scans.json", "validation", [{}] * 3, [])
    models = (ModelProvenance("nodule_detection", "Detector", "1.2.0", "0123456789abcdef"),)
    file = tmp_path / "settings.yaml"
    write_settings(file, point(0.875, 1.25, 31.7), 4.0, scans, models, {"nodule_detection": Path("/bundles/other")})
    head, _, body = file.read_text(encoding="utf-8").partition("\n\n")
    assert head.splitlines() == [
        "# Chosen by `nodulescope tune` on the part 'validation' of scans.json: 3 scans, 0 nodules.",
        "# On these it finds 87.5 % of the nodules with 1.25 false positives per scan (4 allowed), in 32 s per scan.",
        "# They chose the setting, so these figures are better than those of other scans: measure it on scans that were not used for it.",
        "# Models: nodule_detection: Detector 1.2.0, sha256 0123456789ab.",
    ]
    assert yaml.safe_load(body) == {
        "bundles": {"nodule_detection": "/bundles/other"},
        "magnifications": [1.0],
        "overlap": 0.15,
        "thresholds": {
            "detection_score": 0.3,
            "nodule_probability": 0.9,
            "most_candidates": 40,
            "smallest_mm": 3.0,
            "detector_weight": 0.5,
            "confirmed_probability": 0.5,
        },
    }
