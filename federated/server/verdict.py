"""Whether a site's result may be used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from nodulescope.federated.ledger.reasons import Reason


def verdict(result: Mapping[str, Any], expected: Mapping[str, tuple[int, ...]]) -> Reason | None:
    """Why a result must not reach the mean; None if it may.

    The site has looked already; the server looks again, for it must not depend on the site's honesty or health.

    Args:
        result: by name, what a site sent.
        expected: names and shapes that a result must have.
    """
    if set(result) != set(expected):
        return Reason.WRONG_SHAPE
    for name, value in result.items():
        if not isinstance(value, np.ndarray | np.generic):
            continue  # encrypted: nobody can look into it here
        if value.shape != expected[name] or value.dtype.kind not in "fiub":
            return Reason.WRONG_SHAPE
        if not np.isfinite(value).all():
            return Reason.NOT_FINITE
    return None
