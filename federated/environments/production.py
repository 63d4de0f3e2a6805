"""A provisioned federation: the server and the hospitals run elsewhere, and a lead sends a job."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from nodulescope.federated.environments.session import session
from nodulescope.federated.recipe import FederatedRecipe
from nodulescope.federated.settings import JobSettings

LOGIN_S = 30.0


def run_at_hospitals(recipe: FederatedRecipe, settings: JobSettings, kit: Path, folder: Path, told: Callable[[str], None]) -> Path:
    """Send a job, wait for its end, and fetch its result.

    Args:
        recipe: the job.
        settings: the job's.
        kit: the lead's startup kit.
        folder: for the job's files and its result.
        told: called with the job's number as soon as the server has taken it.

    Returns:
        Folder that holds the ledger and the weights.

    Raises:
        NodulescopeError: the server cannot be reached, does not take the job, or it did not come to an end.
    """
    jobs = folder / "job"
    recipe.export(str(jobs))
    with session(kit.absolute(), LOGIN_S) as lead:
        lead.wait_for_sites(settings.sites, settings.min_sites, settings.join_timeout_s)
        number = lead.submit(jobs / settings.run)
        told(number)
        lead.wait(number, settings.longest_s, lambda: False)
        return lead.result(number, folder / "downloaded")
