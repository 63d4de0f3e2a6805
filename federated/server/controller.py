"""The NVFlare controller that leads the rounds."""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nvflare.apis.client import Client
from nvflare.apis.fl_context import FLContext
from nvflare.apis.impl.controller import Controller
from nvflare.apis.shareable import Shareable
from nvflare.apis.signal import Signal

from nodulescope.bundles.errors import NodulescopeError
from nodulescope.federated.ledger.ledger import FILE, Ledger
from nodulescope.federated.ledger.participation import Participation
from nodulescope.federated.ledger.reasons import Reason
from nodulescope.federated.server.asking import Answers, Asking
from nodulescope.federated.server.final_evaluation import evaluate_all
from nodulescope.federated.server.global_model import GlobalModel
from nodulescope.federated.server.round import RoundResult, train_cyclic, train_round
from nodulescope.federated.server.run_state import BEST, LAST, RunFolder
from nodulescope.federated.server.start import starting_network
from nodulescope.federated.settings import JobSettings
from nodulescope.federated.sites.place import server_place

RESULT = "nodulescope_result"
"""Folder of the job's run that NVFlare stores, with the ledger and the weights."""

POLL_S = 0.5
SETTLED_S = 10.0
"""After so long NVFlare has told the job's process which sites have the job."""


class StopRun(Exception):
    """The run cannot go on; the text is what the ledger says."""


class RoundsController(Controller):
    """Leads a federated training from the first check to the last evaluation.

    The policy for sites that are missing is written in ``federated/README.md``: every wait is finite, a round goes on with those who
    answered as long as they are ``min_sites``, and whoever is missing stands in the ledger with the reason.

    Args:
        settings: the job's, as plain values.
    """

    def __init__(self, settings: dict[str, Any]) -> None:
        super().__init__()
        self.settings = settings

    def start_controller(self, fl_ctx: FLContext) -> None:
        """Nothing has to be made ready before the run."""

    def stop_controller(self, fl_ctx: FLContext) -> None:
        """Nothing is left open."""

    def control_flow(self, abort_signal: Signal, fl_ctx: FLContext) -> None:
        """Run the whole job."""
        job = JobSettings.from_json(self.settings)
        kit = Path(fl_ctx.get_engine().get_workspace().get_root_dir())
        self._ledger = Ledger(job)
        self._folder = RunFolder(server_place(kit).state / job.run)
        try:
            self._run(job, Asking(self, fl_ctx, abort_signal), kit)
        except (StopRun, NodulescopeError) as reason:
            self._ledger.stop(str(reason))
        except Exception as error:
            self._ledger.stop(f"the server failed ({type(error).__name__})")
            raise
        finally:
            self._ledger.write(self._folder.path)
            self._hand_over(fl_ctx)
        self.log_info(fl_ctx, f"run {job.run}: {self._ledger.status.value} {self._ledger.why}".strip())

    def process_result_of_unknown_task(
        self, client: Client, task_name: str, client_task_id: str, result: Shareable, fl_ctx: FLContext
    ) -> None:
        """An answer whose round is over: it is not used, and the ledger says that it came."""
        number = Answers.round_of(result)
        if number:
            self._ledger.late.append((number, client.name))

    def _run(self, job: JobSettings, asking: Asking, kit: Path) -> None:
        model = GlobalModel(starting_network(job, server_place(kit)), job)
        present = self._wait_for_sites(job, asking)
        if job.resume:
            self._ledger = self._folder.recall(model, self._ledger)
        else:
            shutil.rmtree(self._folder.path, ignore_errors=True)
        self._check(job, asking, model, present)
        first = max(self._ledger.rounds, default=0) + 1
        for number in range(first, job.rounds + 1):
            result = (train_cyclic if job.algorithm == "cyclic" else train_round)(number, model, self._ledger, asking, self._folder)
            self._close_round(number, model, result)
            if asking.aborted:
                raise StopRun(Reason.STOPPED.value)
        evaluate_all(model, self._ledger, asking, self._folder)
        self._ledger.close()

    def _wait_for_sites(self, job: JobSettings, asking: Asking) -> list[str]:
        """The expected sites that are in the job; all of them, or those that came in time.

        NVFlare gives a job to the sites that are connected when it is sent and to none afterwards: more patience would not help.
        """
        until = time.monotonic() + min(SETTLED_S, job.join_timeout_s)
        while time.monotonic() < until and not asking.aborted and len(asking.connected(job.sites)) < len(job.sites):
            time.sleep(POLL_S)
        present = asking.connected(job.sites)
        for site in set(job.sites) - set(present):
            self._ledger.refusals[site] = Reason.NEVER_JOINED
        if len(present) < job.min_sites:
            raise StopRun(f"only {len(present)} of {len(job.sites)} sites are in the job; {job.min_sites} are needed")
        return present

    def _check(self, job: JobSettings, asking: Asking, model: GlobalModel, present: Sequence[str]) -> None:
        """Stop before the first round if a site has brought something that cannot work; it can be put right now, and not later."""
        answers = asking.check(present, job)
        shapes = {name: list(model.weights[name].shape) for name in model.shared}
        for site, answer in sorted(answers.items()):
            if answer.reason is not None:
                self._ledger.refusals[site] = answer.reason
            elif answer.values.get("shapes") != shapes:
                self._ledger.refusals[site] = Reason.OTHER_NETWORK
            else:
                self._ledger.key_metric = str(answer.report.get("key_metric", ""))
        wrong = {site: reason for site, reason in self._ledger.refusals.items() if reason not in (Reason.NEVER_JOINED, Reason.SILENT)}
        if wrong:
            raise StopRun("no round was begun: " + "; ".join(f"{site}: {reason.value}" for site, reason in sorted(wrong.items())))
        ready = len(present) - sum(site in self._ledger.refusals for site in present)
        if ready < job.min_sites:
            raise StopRun(f"only {ready} sites answered the check; {job.min_sites} are needed")

    def _close_round(self, number: int, model: GlobalModel, result: RoundResult) -> None:
        job = self._ledger.settings
        parts: dict[str, Participation] = {site: result.parts.get(site, Participation(self._why_missing(site))) for site in job.sites}
        self._ledger.rounds[number] = parts
        took_part = sum(part.took_part for part in parts.values())
        self._note_metric(number - 1, result)
        if took_part < job.min_sites:
            why = "; ".join(f"{site}: {part.reason.value}" for site, part in parts.items() if part.reason is not None)
            raise StopRun(f"round {number}: {took_part} site(s) took part and {job.min_sites} are needed ({why})")
        self._folder.keep_weights(model.weights, LAST)
        self._folder.keep(model, self._ledger)

    def _why_missing(self, site: str) -> Reason:
        ever = any(sites[site].took_part for sites in self._ledger.rounds.values() if site in sites)
        return Reason.SILENT if ever else self._ledger.refusals.get(site, Reason.SILENT)

    def _note_metric(self, number: int, result: RoundResult) -> None:
        """Note how good the weights were with which the round began, and keep them if they were the best so far."""
        if result.metric is None:
            return
        self._ledger.global_metric[number] = result.metric
        best = self._ledger.best
        if best is None or result.metric > self._ledger.global_metric.get(best, float("-inf")):
            self._ledger.best = number
            self._folder.keep_weights(result.before, BEST)

    def _hand_over(self, fl_ctx: FLContext) -> None:
        """Lay the result where NVFlare stores it for whoever submitted the job."""
        run = Path(fl_ctx.get_engine().get_workspace().get_run_dir(fl_ctx.get_job_id())) / RESULT
        run.mkdir(parents=True, exist_ok=True)
        for name in (FILE, LAST, BEST):
            if (self._folder.path / name).is_file():
                shutil.copy(self._folder.path / name, run / name)
