"""NVFlare's simulator: every site is a process on this machine, and nothing is encrypted."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from nodulescope.bundles.errors import NodulescopeError
from nodulescope.federated.environments.component_policy import allow_components
from nodulescope.federated.environments.machine import Machine
from nodulescope.federated.recipe import FederatedRecipe
from nodulescope.federated.settings import JobSettings

SIMULATOR = "nvflare.private.fed.app.simulator.simulator"
POLL_S = 0.5
END_S = 20.0


def run_simulator(recipe: FederatedRecipe, settings: JobSettings, machine: Machine, watch: Callable[[], None]) -> Path:
    """Run a job to its end.

    Args:
        recipe: the job.
        settings: the job's.
        machine: the folders on this machine.
        watch: called again and again while it runs.

    Returns:
        Folder that holds the ledger and the weights.

    Raises:
        NodulescopeError: the simulator did not come to an end, or left no ledger.
    """
    jobs = machine.folder / "job"
    recipe.export(str(jobs))
    log = simulate(jobs / settings.run, settings.sites, machine, settings.longest_s, watch)
    return machine.result_folder("server", settings.run, log)


def simulate(job: Path, sites: Sequence[str], machine: Machine, longest_s: float, watch: Callable[[], None]) -> Path:
    """Run any exported job to its end.

    Args:
        job: its folder.
        sites: names of the sites.
        machine: the folders on this machine.
        longest_s: after this time it is ended.
        watch: called again and again while it runs.

    Returns:
        The simulator's log.

    Raises:
        NodulescopeError: it took longer.
    """
    workspace = machine.folder / "simulator"
    allow_components(workspace / "local")
    command = [sys.executable, "-m", SIMULATOR, str(job), "-w", str(workspace), "-c", ",".join(sites), "-t", str(len(sites))]
    log = machine.folder / "simulator.log"
    with log.open("wb") as stream:
        process = subprocess.Popen(
            command, stdout=stream, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env=machine.environment(), start_new_session=True
        )
        try:
            _wait(process, longest_s, watch)
        except subprocess.TimeoutExpired as error:
            raise NodulescopeError(f"the simulator took longer than {longest_s:.0f} s; {log} tells why") from error
        finally:
            _end(process)
    return log


def _wait(process: subprocess.Popen[bytes], longest_s: float, watch: Callable[[], None]) -> None:
    waited = 0.0
    while process.poll() is None:
        if waited >= longest_s:
            raise subprocess.TimeoutExpired(process.args, longest_s)
        try:
            process.wait(POLL_S)
        except subprocess.TimeoutExpired:
            waited += POLL_S
        watch()


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the simulator with all of its sites, also when the command is interrupted."""
    for how in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, how)
        except ProcessLookupError:
            return
        try:
            process.wait(END_S)
        except subprocess.TimeoutExpired:
            continue
