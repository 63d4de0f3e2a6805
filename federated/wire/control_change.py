"""By how much one round changes a site's control variate in SCAFFOLD: a function of what site and server both know."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

Values = TypeVar("Values", torch.Tensor, NDArray[np.float32])


def control_change(moved: Values, travelled: float, server: Values) -> Values:
    """The site's new control variate less its old one.

    Karimireddy et al., SCAFFOLD: stochastic controlled averaging for federated learning, ICML 2020, equation 4, option II: the new control
    is ``own - server + (start - end) / (steps * rate)``.

    Args:
        moved: by how much the site's training changed the weights, ``end - start``.
        travelled: sum of the learning rates of the site's steps, above 0.
        server: the server's control variate with which the site trained.
    """
    return -moved / travelled - server
