"""The NVFlare job of a federated training.

Everything in it is a class that every site has installed: the job holds no code of its own, so that a site may refuse custom code.

Filters that protect privacy enter here, as :class:`SiteFilters`. They see, at the site, an NVFlare ``DXO``:

- results (``TASK_RESULT`` of the task :data:`~nodulescope.federated.wire.tasks.TRAIN`): ``DataKind.WEIGHT_DIFF``, ``data`` maps the
  network's names to float32 arrays (what the site's training changed, without the layers that stay at the site), ``meta`` holds
  ``MetaKey.NUM_STEPS_CURRENT_ROUND`` (steps of the optimizer) and, under :data:`~nodulescope.federated.wire.tasks.REPORT`, a dictionary
  of plain values for the ledger. A filter may add to that dictionary: what it puts under ``"privacy"`` is kept per round and site.
- data (``TASK_DATA``): ``DataKind.WEIGHTS``, the global values.

Results pass the filters of privacy first and are then shortened for the wire; data are lengthened first. The server undoes in reverse.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from nvflare.apis.filter import Filter
from nvflare.recipe.spec import Recipe

from nodulescope.federated.client.executor import BundleExecutor
from nodulescope.federated.installed_job import InstalledJob
from nodulescope.federated.privacy.filters import result_filters
from nodulescope.federated.privacy.plan import PrivacyPlan
from nodulescope.federated.server.controller import RoundsController
from nodulescope.federated.settings import JobSettings
from nodulescope.federated.wire import tasks
from nodulescope.federated.wire.half_precision import Lengthen, Shorten


@dataclass(frozen=True)
class SiteFilters:
    """Filters of NVFlare that a job lays over what a site sends and receives.

    Attributes:
        results: over what a site sends after training, in this order.
        data: over what a site receives, in this order.
        server_data: over what the server sends.
        server_results: over what the server receives.
    """

    results: Sequence[Filter] = field(default=())
    data: Sequence[Filter] = field(default=())
    server_data: Sequence[Filter] = field(default=())
    server_results: Sequence[Filter] = field(default=())


class FederatedRecipe(Recipe):
    """Rounds of training of one bundle at several sites.

    Args:
        settings: what the job asks of every site.
        filters: what protects the sites' results; without it, what the settings say under ``privacy``.
    """

    def __init__(self, settings: JobSettings, filters: SiteFilters | None = None) -> None:
        chosen = filters or planned_filters(settings)
        job = InstalledJob(settings.run, settings.min_sites)
        job.to_server(RoundsController(settings.to_json()), id="rounds")
        job.to_clients(BundleExecutor(settings.to_json()), tasks=list(tasks.ALL))
        super().__init__(job)
        half = settings.wire == "half"
        # In the order in which they are passed: at a site lengthened before, shortened after everything else.
        for data_filter in (*((Lengthen(),) if half else ()), *chosen.data):
            self.add_client_input_filter(data_filter, tasks=list(tasks.WITH_WEIGHTS))
        for result_filter in (*chosen.results, *((Shorten(),) if half else ())):
            self.add_client_output_filter(result_filter, tasks=[tasks.TRAIN])
        for server_filter in (*chosen.server_data, *((Shorten(),) if half else ())):
            self.add_server_output_filter(server_filter, tasks=list(tasks.WITH_WEIGHTS))
        for server_filter in (*((Lengthen(),) if half else ()), *chosen.server_results):
            self.add_server_input_filter(server_filter, tasks=[tasks.TRAIN])


def planned_filters(settings: JobSettings) -> SiteFilters:
    """The filters of the measures that stand under ``privacy`` in the settings.

    Raises:
        UsageError: there is no such measure, or it does not go with the rest of the job.
    """
    plan = PrivacyPlan.parse(settings.privacy)
    plan.check(settings.algorithm, resume=settings.resume)
    results = result_filters(plan)
    if plan.encrypted is None:
        return SiteFilters(results)
    from nodulescope.federated.privacy import encryption_filters as encryption  # TenSEAL's, which a plain federation does without

    return SiteFilters(
        [*results, encryption.EncryptResult(plan.encrypted.layers)],
        [encryption.DecryptData()],
        [encryption.SendEncrypted()],
        [encryption.ReceiveEncrypted()],
    )
