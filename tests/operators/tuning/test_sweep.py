from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from nodulescope.bundles.contracts import Candidate, Grade
from nodulescope.bundles.errors import UsageError
from nodulescope.operators.nodules import Thresholds, nodule_probability
from nodulescope.operators.tuning.labelled_scans import Truth
from nodulescope.operators.tuning.records import Finding, ScanRecord, Search
from nodulescope.operators.tuning.sweep import Grid, OperatingPoint, sweep


def finding(x: float, score: float, probability: float, diameter: float | None = 8.0, edge: float = 8.0) -> Finding:
    box = (x - edge / 2, -edge / 2, -edge / 2, x + edge / 2, edge / 2, edge / 2)
    return Finding(box, score, True, Grade(probability, 3.0, 0.5, {}), (x, 0.0, 0.0) if diameter else None, diameter)


def truth(*nodules: tuple[float, float], ignored: tuple[float, ...] = ()) -> Truth:
    centers = np.array([[x, 0.0, 0.0] for x, _ in nodules]).reshape(-1, 3)
    return Truth(
        centers,
        np.array([d for _, d in nodules]),
        np.array([[x, 0.0, 0.0] for x in ignored]).reshape(-1, 3),
        np.full(len(ignored), 40.0),
    )


def scan(*findings: Finding, magnified: tuple[Finding, ...] = ()) -> ScanRecord:
    return ScanRecord(("m",), 10.0, (Search(1.0, findings, 4.0, 0.5 * len(findings)), Search(2.0, magnified, 1.0, 0.5 * len(magnified))))


def at(points: list[OperatingPoint], **wanted: float) -> OperatingPoint:
    """The one point whose thresholds are these."""
    (point,) = [p for p in points if all(getattr(p.thresholds, name) == value for name, value in wanted.items())]
    return point


def one_list(record: ScanRecord, true: Truth, **grid: tuple[float, ...]) -> list[OperatingPoint]:
    settings = {"overlaps": (0.15,), "detection_scores": (0.3,), "detector_weights": (0.5,), **grid}
    (points,) = sweep([record], [true], Grid(((1.0,),), **settings))  # type: ignore[arg-type]
    return points


def test_nodules_and_false_positives_are_counted_as_the_thresholds_say() -> None:
    record = scan(finding(0, 0.9, 0.9), finding(50, 0.5, 0.5), finding(100, 0.4, 0.2), finding(150, 0.2, 0.9))
    points = one_list(record, truth((0.0, 8.0), (100.0, 8.0)), detection_scores=(0.1, 0.3), nodule_probabilities=(0.3, 0.4, 0.6, 0.95))
    values = {
        (p.thresholds.detection_score, p.thresholds.nodule_probability): (p.sensitivity, p.false_positives, p.seconds) for p in points
    }
    # Probabilities are 0.9, 0.5, 0.29 and 0.6 of the four: the mean of the two networks' log-odds.
    assert values == {
        (0.1, 0.3): (0.5, 2.0, 16.0),
        (0.1, 0.4): (0.5, 2.0, 16.0),
        (0.1, 0.6): (0.5, 1.0, 16.0),
        (0.1, 0.95): (0.0, 0.0, 16.0),
        (0.3, 0.3): (0.5, 1.0, 15.5),
        (0.3, 0.4): (0.5, 1.0, 15.5),
        (0.3, 0.6): (0.5, 0.0, 15.5),
        (0.3, 0.95): (0.0, 0.0, 15.5),
    }


def test_the_weight_decides_whose_opinion_counts() -> None:
    points = one_list(
        scan(finding(0, 0.9, 0.2), finding(50, 0.35, 0.95)),
        truth((0.0, 8.0)),
        detector_weights=(0.25, 0.75),
        nodule_probabilities=(0.6,),
    )
    assert [(p.thresholds.detector_weight, p.sensitivity, p.false_positives) for p in points] == [(0.25, 0.0, 1.0), (0.75, 1.0, 0.0)]
    expected = nodule_probability(Candidate((0, 0, 0), 8, 0.9), Grade(0.2, 3, 0.5, {}), Thresholds(detector_weight=0.75))
    assert expected == pytest.approx(0.786, abs=0.001)


def test_what_cannot_be_measured_or_is_too_small_is_not_reported() -> None:
    record = scan(finding(0, 0.9, 0.9, diameter=None), finding(50, 0.9, 0.9, diameter=2.9), finding(100, 0.9, 0.9, diameter=3.0))
    (point,) = one_list(record, truth((0.0, 8.0), (50.0, 8.0), (100.0, 8.0)), nodule_probabilities=(0.5,))
    assert (point.sensitivity, point.false_positives) == (pytest.approx(1 / 3), 0.0)


def test_one_lesion_is_reported_once_and_ignored_ones_do_not_count() -> None:
    double = finding(120.0, 0.8, 0.9, diameter=30.0)
    other = Finding(finding(108.0, 0.7, 0.9).box, 0.7, True, Grade(0.9, 3.0, 0.5, {}), (114.0, 0.0, 0.0), 28.0)
    record = scan(finding(0, 0.9, 0.9), double, other, finding(200, 0.9, 0.9), finding(260, 0.9, 0.9))
    (point,) = one_list(record, truth((0.0, 8.0), ignored=(200.0,)), nodule_probabilities=(0.5,))
    assert (point.sensitivity, point.false_positives) == (1.0, 2.0)  # the double lesion once, and the one at 260


def test_more_magnifications_find_and_cost_more() -> None:
    large = (finding(50, 0.9, 0.9, diameter=30.0, edge=30.0), finding(1, 0.95, 0.9))
    records = [scan(finding(0, 0.9, 0.9), magnified=large), scan()]
    truths = [truth((0.0, 8.0), (50.0, 30.0)), truth()]
    grid = Grid(((1.0,), (1.0, 2.0)), (0.15,), (0.3,), (0.5,), (0.5,))
    assert len(grid) == 2
    (first,), (second,) = sweep(records, truths, grid)
    assert (first.magnifications, first.sensitivity, first.false_positives) == ((1.0,), 0.5, 0.0)
    assert (second.magnifications, second.sensitivity, second.false_positives) == ((1.0, 2.0), 1.0, 0.0)
    assert first.seconds == pytest.approx((10 + 4 + 0.5 + 10 + 4) / 2)
    assert second.seconds == pytest.approx((10 + 4 + 1 + 2 * 0.5 + 10 + 4 + 1) / 2)  # of the two boxes at 0 and 1 one is looked at


def test_overlap_joins_neighbours() -> None:
    record = scan(finding(0, 0.9, 0.9), finding(4, 0.8, 0.9, diameter=4.0))  # they share a third of their union; outlines 4 mm apart
    grid = Grid(((1.0,),), (0.05, 0.4), (0.3,), (0.5,), (0.5,))
    tight, loose = (points[0] for points in sweep([record], [truth((0.0, 6.0))], grid))
    assert (tight.overlap, tight.false_positives, loose.overlap, loose.false_positives) == (0.05, 0.0, 0.4, 1.0)


def test_every_setting_is_tried() -> None:
    grid = Grid(((1.0,), (1.0, 2.0)))
    points = [point for some in sweep([scan(finding(0, 0.95, 0.95))], [truth((0.0, 8.0))], grid) for point in some]
    tried = {
        (p.magnifications, p.overlap, p.thresholds.detection_score, p.thresholds.detector_weight, p.thresholds.nodule_probability)
        for p in points
    }
    expected = product(grid.magnifications, grid.overlaps, grid.detection_scores, grid.detector_weights, grid.nodule_probabilities)
    assert tried == set(expected)
    assert len(tried) == len(points)
    assert at(points[: len(points) // 6], detection_score=0.3, detector_weight=0.5, nodule_probability=0.9).sensitivity == 1.0


def test_scores_below_what_was_looked_at_cannot_be_tried() -> None:
    with pytest.raises(UsageError, match=r"below 0\.1 cannot be tried"):
        Grid(((1.0,),), detection_scores=(0.05, 0.3))
