from __future__ import annotations

from pathlib import Path

import pytest

from nodulescope.apps.nodule_label.acquisition import Acquisition, AcquisitionScores, acquisition


def test_a_sure_detector_is_not_uncertain_and_an_undecided_one_is() -> None:
    assert acquisition([1.0, 0.0], [1.0, 0.0]).uncertainty == pytest.approx(0.0, abs=1e-9)
    assert acquisition([0.5, 0.5], [0.5, 0.5]) == Acquisition(2.0, 0.0, 2)


def test_disagreement_is_one_bit_where_one_says_yes_and_the_other_no() -> None:
    assert acquisition([1.0, 1.0], [0.0, 1.0]).disagreement == pytest.approx(1.0, abs=1e-6)
    assert acquisition([0.9], [0.8]).disagreement == pytest.approx(0.0144, abs=1e-3)


def test_a_scan_without_candidates_teaches_nothing() -> None:
    assert acquisition([], []) == Acquisition(0.0, 0.0, 0)


def test_scores_of_other_versions_are_left_out(tmp_path: Path) -> None:
    kept = AcquisitionScores(tmp_path / "state" / "scores.json")
    assert kept.read() == {}
    kept.write([1, 0], {"scan": Acquisition(1.5, 0.25, 3)})
    assert kept.read() == kept.read([1, 0]) == {"scan": Acquisition(1.5, 0.25, 3)}
    assert kept.read([2, 0]) == {}
