"""Training on several GPUs of one machine, or on several processes of a CPU, under ``torchrun``."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import torch
from monai.handlers import StatsHandler, TensorBoardStatsHandler
from torch import distributed


def own_device() -> torch.device:
    """The GPU that ``torchrun`` gave to this process, or the CPU where there is none."""
    return torch.device("cuda", int(os.environ["LOCAL_RANK"])) if torch.cuda.is_available() else torch.device("cpu")


def join_processes() -> int:
    """Meet the other processes that ``torchrun`` started.

    Returns:
        This process's number, 0 for the first.
    """
    device = own_device()
    if device.type == "cuda":
        torch.cuda.set_device(device)
    if not distributed.is_initialized():
        distributed.init_process_group(backend="nccl" if device.type == "cuda" else "gloo")
    return distributed.get_rank()


def process_number() -> int:
    """This process's number, 0 for the first and where there is only one."""
    return distributed.get_rank() if distributed.is_initialized() else 0


def is_first_process() -> bool:
    """True in the process that writes files, and where there is only one."""
    return process_number() == 0


def first_process_value(value: float) -> float:
    """What the first process has as this value, so that a decision by it is the same in every process."""
    if not distributed.is_initialized():
        return value
    shared = torch.tensor([value], dtype=torch.float64, device=own_device())
    distributed.broadcast(shared, src=0)
    return float(shared)


def own_handlers(handlers: Sequence[Any]) -> list[Any]:
    """The handlers that this process runs: logs and curves are the first one's business."""
    return [h for h in handlers if is_first_process() or not isinstance(h, (StatsHandler, TensorBoardStatsHandler))]


def parallel(module: torch.nn.Module, device: torch.device, *, find_unused: bool = False) -> torch.nn.parallel.DistributedDataParallel:
    """A module whose gradients are averaged over all processes.

    Args:
        module: already on ``device``.
        device: this process's own.
        find_unused: some steps leave part of the parameters without a gradient.
    """
    return torch.nn.parallel.DistributedDataParallel(
        module, device_ids=[device] if device.type == "cuda" else None, find_unused_parameters=find_unused
    )
