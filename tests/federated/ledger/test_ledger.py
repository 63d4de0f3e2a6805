from __future__ import annotations

from pathlib import Path

import pytest

from nodulescope.federated.ledger.ledger import Ledger, Status, read_ledger
from nodulescope.federated.ledger.participation import Participation
from nodulescope.federated.ledger.reasons import Reason
from nodulescope.federated.ledger.table import rows, write_table
from nodulescope.federated.settings import JobSettings

PART = Participation(None, 10, 4, 5, 2.5, 2_000_000, 1_500_000, 0.875, 0.25, {"epsilon": 3.0})


@pytest.fixture
def ledger() -> Ledger:
    held = Ledger(JobSettings("nodule_grading", "0" * 64, ("north", "south"), rounds=2), key_metric="auc")
    held.rounds[1] = {"north": PART, "south": PART}
    held.rounds[2] = {"north": PART, "south": PART}
    held.global_metric, held.best = {0: 0.5, 1: 0.75, 2: 0.625}, 1
    held.evaluation = {"last": {"north": {"auc": 0.5, "validation_cases": 4.0}, "south": {"auc": 0.75, "validation_cases": 4.0}}}
    return held


def test_a_run_in_which_all_took_part_is_complete(ledger: Ledger) -> None:
    ledger.close()
    assert (ledger.status, ledger.why, ledger.lost()) == (Status.COMPLETE, "", {})


def test_a_run_that_lost_a_site_in_one_round_is_not(ledger: Ledger) -> None:
    ledger.rounds[2]["south"] = Participation(Reason.SILENT)
    ledger.close()
    assert (ledger.status, ledger.why) == (Status.INCOMPLETE, "south missed round 2")


def test_a_site_that_nobody_wrote_down_is_lost_too(ledger: Ledger) -> None:
    del ledger.rounds[1]["north"]
    ledger.close()
    assert (ledger.status, ledger.why) == (Status.INCOMPLETE, "north missed round 1")


def test_the_ledger_is_read_as_it_was_written(ledger: Ledger, tmp_path: Path) -> None:
    ledger.rounds[2]["south"] = Participation(Reason.NOT_FINITE)
    ledger.refusals["south"] = Reason.NEVER_JOINED
    ledger.late.append((1, "south"))
    ledger.close()
    ledger.write(tmp_path)
    assert read_ledger(tmp_path) == ledger
    assert [file.name for file in tmp_path.iterdir()] == ["participation.json"]


def test_a_reason_that_a_site_invents_tells_nothing_of_it() -> None:
    assert Reason.of("/data/Unmistakable^Aurelia.dcm is broken") is Reason.TRAINING_FAILED
    assert Reason.of("NO_DATA") is Reason.NO_DATA


def test_the_table_says_the_same(ledger: Ledger, tmp_path: Path) -> None:
    ledger.rounds[2]["south"] = Participation(Reason.LATE)
    ledger.late.append((2, "south"))
    ledger.close()
    assert rows(ledger)[0] == ("1", "north", "10", "5", "2.5", "2.00", "1.50", "0.8750", "0.2500", "")
    text = write_table(ledger, tmp_path).read_text(encoding="utf-8")
    assert text.startswith("# Participation: run federation, INCOMPLETE\n")
    assert "| 2 | south |  |  |  |  |  |  |  | its answer came after the round |" in text
    assert "- round 2: south" in text
    assert "| last | 0.5000 | 0.7500 |" in text
