"""The lung network over a whole chest in one pass."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from monai.inferers import Inferer
from monai.transforms import DivisiblePad

from nodulescope.bundles.precision import autocast

DIVISOR = 16
"""The U-Net halves its grid four times."""


class WholeScanInferer(Inferer):
    """Pad a scan with air to a size the U-Net can halve, run it whole, and cut the answer back: no window, no border to lose.

    Args:
        amp: bfloat16; None decides by the hardware.
    """

    def __init__(self, amp: bool | None = None) -> None:
        super().__init__()
        self.amp = amp

    def __call__(self, inputs: torch.Tensor, network: Callable[..., torch.Tensor], *args: Any, **kwargs: Any) -> torch.Tensor:
        """Logits (batch, labels, x, y, z) of canonical CTs (batch, 1, x, y, z), in float32."""
        values = inputs.as_tensor() if hasattr(inputs, "as_tensor") else inputs
        pad = DivisiblePad(k=DIVISOR, method="end")
        padded = torch.stack([torch.as_tensor(pad(scan)) for scan in values])
        with autocast(values.device, self.amp):
            logits = network(padded)
        x, y, z = values.shape[2:]
        return torch.as_tensor(logits[..., :x, :y, :z].float())
