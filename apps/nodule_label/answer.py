"""What a model says of one CT, before it becomes a file for a client."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nodulescope.apps.nodule_label.markups import Box


@dataclass(frozen=True)
class Answer:
    """Labels or boxes, and what is known of them.

    Attributes:
        labels: uint8 label map on the CT's own grid; None where the answer is boxes.
        names: what each value of the label map is called.
        boxes: findings as boxes; None where the answer is a label map.
        params: more, as plain JSON values.
    """

    labels: NDArray[np.uint8] | None = None
    names: Mapping[str, int] = field(default_factory=dict)
    boxes: tuple[Box, ...] | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
