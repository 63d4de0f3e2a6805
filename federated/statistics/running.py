"""Getting the statistics of a federation: of sites on this machine, or of hospitals."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from nodulescope.bundles.errors import NodulescopeError
from nodulescope.federated.environments.machine import Machine
from nodulescope.federated.environments.session import session
from nodulescope.federated.environments.simulator import simulate
from nodulescope.federated.sites.place import write_places
from nodulescope.federated.sites.site import Site
from nodulescope.federated.statistics.collecting import FILE
from nodulescope.federated.statistics.recipe import StatisticsRecipe

RUN = "statistics"
BEFORE_AND_AFTER_S = 300.0
"""What starting and ending may take beside the counting itself."""

LOGIN_S = 30.0


def count_here(sites: Sequence[Site], work: Path, least_patients: int, timeout_s: int) -> Path:
    """Let sites on this machine count, in NVFlare's simulator.

    Args:
        sites: with their data.
        work: folder for NVFlare's own files.
        least_patients: fewer patients are not told.
        timeout_s: longest wait for the sites.

    Returns:
        The file with what they told.

    Raises:
        NodulescopeError: nothing came back.
    """
    machine = Machine(work.absolute(), (work / "places.json").absolute(), len(sites))
    machine.local.mkdir(parents=True, exist_ok=True)
    write_places(machine.places, sites, machine.state, machine.local, None)
    names = [site.name for site in sites]
    StatisticsRecipe(RUN, names, least_patients, timeout_s).export(str(machine.folder / "job"))
    log = simulate(machine.folder / "job" / RUN, names, machine, timeout_s + BEFORE_AND_AFTER_S, lambda: None)
    told = machine.state / "server" / RUN / FILE
    if not told.is_file():
        raise NodulescopeError(f"{log}: the server has left no statistics; this log tells why")
    return told


def count_at_hospitals(sites: Sequence[str], kit: Path, work: Path, least_patients: int, timeout_s: int) -> Path:
    """Let the hospitals of a provisioned federation count.

    Args:
        sites: names of those that are expected.
        kit: the lead's startup kit.
        work: folder for the job's files.
        least_patients: fewer patients are not told.
        timeout_s: longest wait for the sites.

    Returns:
        The file with what they told.

    Raises:
        NodulescopeError: the server cannot be reached, or nothing came back.
    """
    StatisticsRecipe(RUN, sites, least_patients, timeout_s).export(str(work / "job"))
    with session(kit.absolute(), LOGIN_S) as lead:
        number = lead.submit(work / "job" / RUN)
        lead.wait(number, timeout_s + BEFORE_AND_AFTER_S, lambda: None)
        return lead.result(number, work / "downloaded", FILE) / FILE
