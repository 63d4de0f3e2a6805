"""From a plan to the filters that NVFlare runs at each site."""

from __future__ import annotations

import inspect
from typing import Any

from nodulescope.federated.privacy.plan import PrivacyPlan


def result_filters(plan: PrivacyPlan) -> list[Any]:
    """NVFlare filters for what a site sends after training, in the order in which they have to run.

    They belong before any change of precision, and before encryption, which is none of them: it needs its own job,
    see :mod:`nodulescope.federated.privacy.encryption`.

    Args:
        plan: the measures; those that are None add no filter.
    """
    from nvflare.app_common.filters.percentile_privacy import PercentilePrivacy
    from nvflare.app_common.filters.svt_privacy import SVTPrivacy

    from nodulescope.federated.privacy.gaussian_filter import GaussianPrivacy

    filters: list[Any] = []
    if plan.percentile:
        filters.append(PercentilePrivacy(percentile=plan.percentile.percentile, gamma=plan.percentile.gamma))
    if plan.sparse_vector:
        filters.append(SVTPrivacy(**vars(plan.sparse_vector), replace=False))
    if plan.gaussian:
        filters.append(GaussianPrivacy(**vars(plan.gaussian)))
    return filters


def site_filters(plan: PrivacyPlan) -> list[dict[str, Any]]:
    """The same filters as a site's ``privacy.json`` names them: they run there whatever a job says."""
    return [{"path": f"{type(chosen).__module__}.{type(chosen).__name__}", "args": arguments_of(chosen)} for chosen in result_filters(plan)]


def arguments_of(chosen: Any) -> dict[str, Any]:
    """What a filter was made with; NVFlare's components keep their arguments as attributes of the same names."""
    names = [name for name in inspect.signature(type(chosen)).parameters if name != "data_kinds"]
    return {name: getattr(chosen, name) for name in names}
