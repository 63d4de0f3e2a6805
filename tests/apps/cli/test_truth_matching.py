from __future__ import annotations

from nodulescope.apps.cli.truth_matching import match_findings


def nodule(x: float, diameter: float) -> dict[str, object]:
    return {"center_lps_mm": [x, 0.0, 0.0], "mean_diameter_mm": diameter}


def finding(x: float) -> dict[str, object]:
    return {"center_lps_mm": [x, 0.0, 0.0]}


def test_a_finding_within_the_radius_hits_and_its_distance_is_told() -> None:
    truth, found = [nodule(0, 10)], [finding(5.0)]
    (match,) = match_findings(truth, found)
    assert match.truth is truth[0]
    assert match.finding is found[0]
    assert match.distance_mm == 5.0


def test_beyond_the_radius_there_is_a_miss_and_a_false_finding() -> None:
    missed, extra = match_findings([nodule(0, 10)], [finding(5.1)])
    assert (missed.finding, missed.distance_mm) == (None, None)
    assert (extra.truth, extra.finding) == (None, finding(5.1))


def test_two_findings_on_one_nodule_count_once_and_the_nearer_one_counts() -> None:
    hit, extra = match_findings([nodule(0, 20)], [finding(4.0), finding(-1.0)])
    assert hit.finding == finding(-1.0)
    assert extra.finding == finding(4.0)


def test_one_finding_between_two_nodules_hits_the_nearer_one_only() -> None:
    first, second = match_findings([nodule(0, 20), nodule(8, 20)], [finding(5.0)])
    assert first.finding is None
    assert second.distance_mm == 3.0


def test_nodules_keep_their_order_and_false_findings_follow() -> None:
    matches = match_findings([nodule(100, 8), nodule(0, 8)], [finding(50.0), finding(0.5)])
    assert [(m.truth is not None, m.finding is not None) for m in matches] == [(True, False), (True, True), (False, True)]


def test_nothing_found_and_nothing_there() -> None:
    assert match_findings([], []) == ()
