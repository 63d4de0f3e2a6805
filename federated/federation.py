"""A federation on one machine, from the site file to the resulting bundle."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from nodulescope.bundles.errors import NodulescopeError, UsageError
from nodulescope.federated.environments.machine import Machine
from nodulescope.federated.ledger.ledger import Ledger, Status, read_ledger
from nodulescope.federated.ledger.table import write_table
from nodulescope.federated.recipe import FederatedRecipe
from nodulescope.federated.result_bundle import FOLDER, write_result_bundle
from nodulescope.federated.server.run_state import BEST, LAST
from nodulescope.federated.settings import JobSettings
from nodulescope.federated.sites.place import write_places
from nodulescope.federated.sites.site import Site

Environment = Callable[[FederatedRecipe, JobSettings, Machine, Callable[[], None]], Path]
"""Runs a job and gives the folder that holds its ledger and its weights."""

WORK = "work"
"""Folder beside the results that holds NVFlare's own files, logs, and the state with which a stopped run goes on."""


@dataclass(frozen=True)
class Outcome:
    """What a federation came to.

    Attributes:
        ledger: of the run.
        bundle: folder of the resulting bundle; None if the run stopped before there were weights to keep.
    """

    ledger: Ledger
    bundle: Path | None


def run_here(
    settings: JobSettings,
    sites: Sequence[Site],
    root: Path,
    out: Path,
    environment: Environment,
    *,
    start: Path | None = None,
    watch: Callable[[Ledger], None] | None = None,
) -> Outcome:
    """Run a federation whose sites are processes of this machine.

    Args:
        settings: the job's.
        sites: with their data.
        root: folder of the bundle.
        out: folder for the results; made if missing.
        environment: where the job runs.
        start: weights to start from, where ``settings.start`` names a file.
        watch: called with the ledger after every round.

    Raises:
        UsageError: the job asks for encryption, for which nobody here has keys.
        NodulescopeError: the job could not be run at all. A run that stopped or lost a site is told by its ledger.
    """
    if "encrypted" in settings.privacy:
        raise UsageError("privacy: encrypted: the keys lie in the startup kits of a provisioned federation; send the job with `submit`")
    work = out / WORK
    machine = Machine(work.absolute(), (work / "places.json").absolute(), len(sites))
    if not settings.resume:
        shutil.rmtree(work, ignore_errors=True)
    machine.local.mkdir(parents=True, exist_ok=True)
    if start is not None:
        shutil.copyfile(start, machine.local / settings.start)
    write_places(machine.places, sites, machine.state, machine.local, root)
    result = environment(FederatedRecipe(settings), settings, machine, _watcher(machine.state / "server" / settings.run, watch))
    return collect(result, root, out)


def collect(result: Path, root: Path, out: Path) -> Outcome:
    """Lay the results of a run out for people: ledger, table, weights, bundle.

    Args:
        result: folder with the ledger and the weights, as the server left it.
        root: folder of the bundle that was trained.
        out: folder for the results.
    """
    ledger = read_ledger(result)
    out.mkdir(parents=True, exist_ok=True)
    ledger.write(out)
    write_table(ledger, out)
    kept = [name for name in (BEST, LAST) if (result / name).is_file() and ledger.rounds]
    for name in kept:
        shutil.copyfile(result / name, out / name)
    if not kept or ledger.status is Status.STOPPED or "encrypted" in ledger.settings.privacy:
        return Outcome(ledger, None)  # a site has the keys to encrypted layers: `nodulescope federate decrypt`
    return Outcome(ledger, write_result_bundle(root, out / FOLDER, out / kept[0], ledger))


class IncompleteFederation(NodulescopeError):
    """A run that stopped, or that lost a site on the way."""


def require_complete(ledger: Ledger) -> None:
    """Say loudly that a run is not complete.

    Raises:
        UsageError: it stopped before its first round, for a reason that can be put right.
        IncompleteFederation: it stopped later, or lost a site.
    """
    if ledger.status is Status.COMPLETE:
        return
    if ledger.status is Status.STOPPED and not ledger.rounds:
        raise UsageError(f"run {ledger.settings.run} did not begin: {ledger.why}")
    done = f"{len(ledger.rounds)} of {ledger.settings.rounds} rounds"
    raise IncompleteFederation(f"run {ledger.settings.run} is {ledger.status.value} ({done}): {ledger.why}; see participation.md")


def _watcher(folder: Path, watch: Callable[[Ledger], None] | None) -> Callable[[], None]:
    """Read the server's ledger when it changes."""
    seen = 0.0

    def look() -> None:
        nonlocal seen
        file = folder / "participation.json"
        if watch is None or not file.is_file() or file.stat().st_mtime == seen:
            return
        seen = file.stat().st_mtime
        watch(read_ledger(folder))

    return look
