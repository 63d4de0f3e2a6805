"""The NVFlare job of federated statistics."""

from __future__ import annotations

from collections.abc import Sequence

from nvflare.recipe.spec import Recipe

from nodulescope.bundles.errors import UsageError
from nodulescope.federated.installed_job import InstalledJob
from nodulescope.federated.statistics.collecting import StatisticsController
from nodulescope.federated.statistics.counting import TASK, CountingExecutor
from nodulescope.federated.statistics.features import LEAST_PATIENTS


class StatisticsRecipe(Recipe):
    """Every site counts once.

    Args:
        run: name of the run.
        sites: those that are expected.
        least_patients: fewer patients are not told.
        timeout_s: longest wait for the sites.

    Raises:
        UsageError: fewer than two sites, or a least number that no site accepts.
    """

    def __init__(self, run: str, sites: Sequence[str], least_patients: int = LEAST_PATIENTS, timeout_s: int = 3600) -> None:
        if len(sites) < 2:
            raise UsageError("statistics compare sites: name at least two")
        if least_patients < LEAST_PATIENTS:
            raise UsageError(f"--least-patients {least_patients}: no site tells figures of fewer than {LEAST_PATIENTS} patients")
        job = InstalledJob(run, 1)
        job.to_server(StatisticsController(run, list(sites), timeout_s), id="statistics")
        job.to_clients(CountingExecutor(least_patients), tasks=[TASK])
        super().__init__(job)
