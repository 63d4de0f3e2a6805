"""Half-length floating point where the hardware computes in it natively, else single precision."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from monai.inferers import Inferer


def has_fast_bfloat16(device: torch.device) -> bool:
    """True on GPUs with bfloat16 units and on CPUs with AVX-512-BF16 or AMX; elsewhere bfloat16 is emulated and slower than float32."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    capabilities = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    return bool(capabilities.get("avx512_bf16", False) or capabilities.get("amx_bf16", False))


def autocast(device: torch.device, enabled: bool | None = None) -> torch.autocast:
    """Context in which a network runs in bfloat16; ``enabled=None`` asks :func:`has_fast_bfloat16`."""
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=has_fast_bfloat16(device) if enabled is None else enabled)


class MixedPrecisionInferer(Inferer):
    """Run a network under autocast on any device and hand back float32.

    The answers leave without the metadata that MONAI's tensors carry through every operation. MONAI's trainers know mixed
    precision on CUDA only; as their inferer this brings it to CPUs as well.

    Args:
        enabled: None decides by the hardware.
    """

    def __init__(self, enabled: bool | None = None) -> None:
        super().__init__()
        self.enabled = enabled

    def __call__(self, inputs: torch.Tensor, network: Callable[..., Any], *args: Any, **kwargs: Any) -> torch.Tensor:
        """The network's answer in float32."""
        values = inputs.as_tensor() if hasattr(inputs, "as_tensor") else inputs
        with autocast(values.device, self.enabled):
            answers: torch.Tensor = network(values, *args, **kwargs)
        return answers.float()
