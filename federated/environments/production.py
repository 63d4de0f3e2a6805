"""A provisioned federation: the server and the hospitals run elsewhere, and a lead sends a job."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from nodulescope.bundles.errors import UsageError
from nodulescope.federated.environments.session import FederationSession, session
from nodulescope.federated.recipe import FederatedRecipe
from nodulescope.federated.settings import JobSettings

LOGIN_S = 30.0
LOOK_S = 10.0
"""How often the server is asked which sites have refused the job."""


def run_at_hospitals(
    recipe: FederatedRecipe,
    settings: JobSettings,
    kit: Path,
    folder: Path,
    told: Callable[[str], None],
    refused: Callable[[str, str], None],
) -> Path:
    """Send a job, wait for its end, and fetch its result.

    Args:
        recipe: the job.
        settings: the job's.
        kit: the lead's startup kit.
        folder: for the job's files and its result.
        told: called with the job's number as soon as the server has taken it.
        refused: called once for each site that does not take the job, with its name and what it says.

    Returns:
        Folder that holds the ledger and the weights.

    Raises:
        UsageError: so many sites refused the job that it did not begin.
        NodulescopeError: the server cannot be reached, does not take the job, or it did not come to an end.
    """
    jobs = folder / "job"
    recipe.export(str(jobs))
    with session(kit.absolute(), LOGIN_S) as lead:
        lead.wait_for_sites(settings.sites, settings.min_sites, settings.join_timeout_s)
        number = lead.submit(jobs / settings.run)
        told(number)
        refusals = Refusals(lead, number, refused)
        lead.wait(number, settings.longest_s, refusals.look)
        sites = refusals.tell() & set(settings.sites)
        if len(settings.sites) - len(sites) < settings.min_sites:
            raise UsageError(f"job {number} did not begin: refused by {', '.join(sorted(sites))}; {settings.min_sites} sites are needed")
        return lead.result(number, folder / "downloaded")


class Refusals:
    """Tells of sites that refuse a job, while it is waited for.

    Args:
        lead: session of whoever sent it.
        number: of the job.
        refused: called with a site's name and what it says.
    """

    def __init__(self, lead: FederationSession, number: str, refused: Callable[[str, str], None]) -> None:
        self._lead = lead
        self._number = number
        self._refused = refused
        self._told: set[str] = set()
        self._next = time.monotonic() + LOOK_S

    def look(self) -> None:
        """Ask again, if it is time."""
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + LOOK_S
            self.tell()

    def tell(self) -> set[str]:
        """Ask, and tell what was not told before; returns all that have refused so far."""
        for name, why in self._lead.refusals(self._number).items():
            if name not in self._told:
                self._told.add(name)
                self._refused(name, why)
        return self._told
