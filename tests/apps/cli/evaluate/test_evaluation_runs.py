from __future__ import annotations

from pathlib import Path

import pytest

from nodulescope.apps.cli.evaluate.evaluation_runs import DRAWS, EvaluationRun, chosen_runs, own_title
from nodulescope.bundles.errors import UsageError
from nodulescope.bundles.metrics import bootstrap


def test_the_default_is_that_of_the_bootstrap() -> None:
    assert DRAWS == bootstrap.DRAWS


def test_one_datalist_or_several_with_their_weights() -> None:
    assert chosen_runs(Path("a.json"), None, None, None) == [EvaluationRun(Path("a.json"))]
    assert chosen_runs(Path("a.json"), Path("w.pt"), None, None) == [EvaluationRun(Path("a.json"), Path("w.pt"))]
    runs = chosen_runs(None, None, ["a.json=w.pt", "b.json=x=y.pt"], None)
    assert runs == [EvaluationRun(Path("a.json"), Path("w.pt")), EvaluationRun(Path("b.json"), Path("x=y.pt"))]
    assert chosen_runs(None, None, None, [Path("a.csv")]) == []


@pytest.mark.parametrize(
    ("datalist", "weights", "runs", "answers"),
    [
        (None, None, None, None),
        (Path("a"), None, ["b=c"], None),
        (Path("a"), None, None, [Path("b")]),
        (None, Path("w"), ["b=c"], None),
        (None, None, ["b"], None),
        (None, None, ["=c"], None),
        (None, None, ["b="], None),
    ],
)
def test_anything_else_is_refused(datalist: Path | None, weights: Path | None, runs: list[str] | None, answers: list[Path] | None) -> None:
    with pytest.raises(UsageError, match="--"):
        chosen_runs(datalist, weights, runs, answers)


def test_titles() -> None:
    runs = [EvaluationRun(Path("x/fold0.json")), EvaluationRun(Path("x/fold1.json")), EvaluationRun(Path("y/fold0.json"))]
    assert own_title("Given", runs, None, "test") == "Given"
    assert own_title("", runs, None, "test") == "fold0.json, fold1.json, test"
    assert own_title("", [], [Path("a/cases.csv")], "test") == "cases.csv"
