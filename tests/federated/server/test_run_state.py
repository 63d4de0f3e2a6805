from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from nodulescope.bundles.errors import UsageError
from nodulescope.federated.ledger.ledger import Ledger
from nodulescope.federated.ledger.participation import Participation
from nodulescope.federated.server.global_model import GlobalModel
from nodulescope.federated.server.run_state import RunFolder
from nodulescope.federated.settings import JobSettings


def job(**values: Any) -> JobSettings:
    return JobSettings("b", "0" * 64, ("north", "south"), **values)


def stopped(folder: Path) -> GlobalModel:
    """A run that stopped after its first round, while the second was already written down."""
    torch.manual_seed(0)
    model, ledger = GlobalModel(nn.Linear(2, 1), job()), Ledger(job())
    ledger.rounds[1] = {"north": Participation(cases=3), "south": Participation(cases=2)}
    ledger.global_metric[0] = 0.5
    RunFolder(folder).keep(model, ledger)
    ledger.rounds[2] = {"north": Participation(cases=3)}
    ledger.global_metric[1] = 0.75
    ledger.write(folder)
    return model


def test_a_run_goes_on_after_its_last_whole_round(tmp_path: Path) -> None:
    held = stopped(tmp_path / "run")
    other = GlobalModel(nn.Linear(2, 1), job(resume=True, rounds=7))
    ledger = RunFolder(tmp_path / "run").recall(other, Ledger(job(resume=True, rounds=7)))
    np.testing.assert_array_equal(other.weights["weight"], held.weights["weight"])
    assert list(ledger.rounds) == [1] and ledger.global_metric == {0: 0.5}
    assert ledger.settings.rounds == 7


@pytest.mark.parametrize("values", [{"algorithm": "scaffold"}, {"kept_at_site": ("bias",)}])
def test_another_kind_of_run_is_not_gone_on_with(values: dict[str, Any], tmp_path: Path) -> None:
    stopped(tmp_path / "run")
    with pytest.raises(UsageError, match="the stopped run has another"):
        RunFolder(tmp_path / "run").recall(GlobalModel(nn.Linear(2, 1), job(**values)), Ledger(job(**values)))


def test_what_never_ran_cannot_go_on(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no stopped run"):
        RunFolder(tmp_path / "run").recall(GlobalModel(nn.Linear(2, 1), job()), Ledger(job()))
