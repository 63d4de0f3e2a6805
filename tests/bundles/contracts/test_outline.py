from __future__ import annotations

import numpy as np
import pytest

from nodulescope.bundles.contracts import Outline


@pytest.mark.parametrize("probability", [np.zeros((4, 4), np.float32), np.full((4, 4, 4), np.nan, np.float32)])
def test_an_outline_is_a_finite_volume(probability: np.ndarray) -> None:
    with pytest.raises(ValueError, match="finite 3-D"):
        Outline(probability, np.eye(4))
