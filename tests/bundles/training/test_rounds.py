from __future__ import annotations

from pathlib import Path

from nodulescope.bundles.training.rounds import Round


def test_each_round_begins_with_the_weights_of_the_one_before() -> None:
    third = Round(Path("run"), 3)
    assert third.before.weights == Path("run/round2/best.pt")
    assert third.before.before.weights == Path("run/best.pt")
    assert (third.folder, third.datalist) == (Path("run/round3"), Path("run/scans_round3.json"))
