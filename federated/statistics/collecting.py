"""At the server: the NVFlare controller that asks every site once."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import Any

from nvflare.apis.client import Client
from nvflare.apis.controller_spec import ClientTask, Task
from nvflare.apis.dxo import from_shareable
from nvflare.apis.fl_constant import ReturnCode
from nvflare.apis.fl_context import FLContext
from nvflare.apis.impl.controller import Controller
from nvflare.apis.shareable import Shareable
from nvflare.apis.signal import Signal

from nodulescope.federated.ledger.reasons import HEADER, Reason
from nodulescope.federated.server.controller import RESULT
from nodulescope.federated.sites.place import server_place
from nodulescope.federated.statistics.counting import TASK

FILE = "statistics.json"
POLL_S = 0.5


class StatisticsController(Controller):
    """Asks every site once, waits a finite time, and writes down what came and who is missing.

    Args:
        run: name of the run.
        sites: those that are expected.
        timeout_s: longest wait.
    """

    def __init__(self, run: str, sites: list[str], timeout_s: int) -> None:
        super().__init__()
        self.run = run
        self.sites = sites
        self.timeout_s = timeout_s

    def start_controller(self, fl_ctx: FLContext) -> None:
        """Nothing has to be made ready."""

    def stop_controller(self, fl_ctx: FLContext) -> None:
        """Nothing is left open."""

    def process_result_of_unknown_task(
        self, client: Client, task_name: str, client_task_id: str, result: Shareable, fl_ctx: FLContext
    ) -> None:
        """Too late: not used."""

    def _wait_for_sites(self, fl_ctx: FLContext, abort_signal: Signal) -> list[str]:
        """The expected sites that are there; all of them, or those that came in time."""
        until = time.monotonic() + self.timeout_s
        while True:
            there = {client.name for client in fl_ctx.get_engine().get_clients()}
            present = [site for site in self.sites if site in there]
            if len(present) == len(self.sites) or time.monotonic() >= until or abort_signal.triggered:
                return present
            time.sleep(POLL_S)

    def control_flow(self, abort_signal: Signal, fl_ctx: FLContext) -> None:
        """Ask, wait, write."""
        told: dict[str, Any] = {}
        absent: dict[str, str] = {}
        lock = threading.Lock()

        def receive(client_task: ClientTask, fl_ctx: FLContext) -> None:
            result, name = client_task.result, client_task.client.name
            with lock:
                if result.get_return_code() == ReturnCode.OK:
                    told[name] = from_shareable(result).data
                else:
                    absent[name] = Reason.of(result.get_header(HEADER)).value

        present = self._wait_for_sites(fl_ctx, abort_signal)
        task = Task(name=TASK, data=Shareable(), timeout=self.timeout_s, result_received_cb=receive)
        if present:
            self.broadcast_and_wait(task=task, fl_ctx=fl_ctx, targets=present, min_responses=len(present), abort_signal=abort_signal)
        with lock:
            missing = {site: Reason.SILENT.value for site in self.sites if site not in told} | absent
            content = {"run": self.run, "sites": dict(sorted(told.items())), "absent": missing}
        kit = Path(fl_ctx.get_engine().get_workspace().get_root_dir())
        for folder in (
            server_place(kit).state / self.run,
            Path(fl_ctx.get_engine().get_workspace().get_run_dir(fl_ctx.get_job_id())) / RESULT,
        ):
            folder.mkdir(parents=True, exist_ok=True)
            (folder / FILE).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
