"""A federation with real processes, certificates and gRPC, one of whose sites dies."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from nodulescope.bundles.errors import NodulescopeError
from nodulescope.federated.bundle_identity import bundle_sha256
from nodulescope.federated.environments.machine import Machine
from nodulescope.federated.environments.one_machine import run_on_one_machine
from nodulescope.federated.environments.processes import Processes
from nodulescope.federated.federation import IncompleteFederation, require_complete, run_here
from nodulescope.federated.ledger.ledger import Ledger, Status
from nodulescope.federated.ledger.reasons import Reason
from nodulescope.federated.recipe import FederatedRecipe
from nodulescope.federated.settings import JobSettings
from nodulescope.federated.sites.site_file import read_site_file

pytestmark = pytest.mark.slow


def test_a_run_goes_on_without_a_site_that_dies_in_its_second_round_and_says_so(grading_hospitals: Any, tmp_path: Path) -> None:
    sites = read_site_file(grading_hospitals.site_file)
    settings = JobSettings(
        "nodule_grading",
        bundle_sha256(grading_hospitals.bundle),
        tuple(site.name for site in sites),
        rounds=3,
        local_epochs=10,  # long enough that the site dies in the middle of a round
        round_timeout_s=40,
        late_s=5,
        overrides={"batch_size": 2, "amp": False},
    )
    running: list[Processes] = []
    killed = threading.Event()

    def kill_after_the_first_round(ledger: Ledger) -> None:
        if len(ledger.rounds) == 1 and not killed.is_set():
            killed.set()
            running[0].kill("south")

    def environment(recipe: FederatedRecipe, job: JobSettings, machine: Machine, watch: Any) -> Path:
        return run_on_one_machine(recipe, job, machine, watch, started=running.append)

    outcome = run_here(settings, sites, grading_hospitals.bundle, tmp_path, environment, watch=kill_after_the_first_round)

    ledger = outcome.ledger
    assert killed.is_set() and sorted(ledger.rounds) == [1, 2, 3]
    assert all(part.took_part for part in ledger.rounds[1].values())
    missed = ledger.lost()["south"]
    assert missed[-1] == 3 and 2 in missed
    assert {ledger.rounds[number]["south"].reason for number in missed} == {Reason.SILENT}
    assert all(ledger.rounds[number][site].took_part for number in (1, 2, 3) for site in ("north", "west"))
    assert ledger.status is Status.INCOMPLETE and ledger.why == "south missed round 2, 3"
    with pytest.raises(IncompleteFederation, match="south missed round 2, 3"):
        require_complete(ledger)

    table = (tmp_path / "participation.md").read_text(encoding="utf-8")
    assert "INCOMPLETE" in table and "| 2 | south |  |  |  |  |  |  |  | it gave no answer in time |" in table
    assert outcome.bundle is not None
    metadata = json.loads((outcome.bundle / "configs" / "metadata.json").read_text(encoding="utf-8"))
    assert metadata["federation"]["complete"] is False
    assert issubclass(IncompleteFederation, NodulescopeError) and IncompleteFederation.exit_code == 1
