from __future__ import annotations

import pytest

from nodulescope.apps.cli.federate.ledger_table import print_ledger
from nodulescope.federated.ledger.ledger import Ledger
from nodulescope.federated.ledger.participation import Participation
from nodulescope.federated.ledger.reasons import Reason
from nodulescope.federated.settings import JobSettings


def test_names_and_numbers_stay_whole_in_80_columns_and_reasons_have_lines_of_their_own(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    ledger = Ledger(JobSettings("b", "0" * 64, ("hospital-north", "hospital-south")))
    there = Participation(cases=1234, steps=5678, seconds=123.4, bytes_down=7_010_000, bytes_up=7_000_000, metric=0.8123, loss=1.2345)
    ledger.rounds[3] = {"hospital-north": there, "hospital-south": Participation(Reason.SILENT)}
    print_ledger(ledger)
    told = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert "3 hospital-north 1234 5678 123.4 7.01 7.00 0.8123 1.2345" in told
    assert "Round 3 without hospital-south: it gave no answer in time" in told
