"""Which of a network's values are shared, and which stay at each site."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from torch import nn
from torch.nn.modules.batchnorm import _NormBase

from nodulescope.bundles.errors import UsageError

NORM = "norm"
"""Stands for every normalisation layer of the network (FedBN: Li et al., ICLR 2021)."""

NORMALISATION = (_NormBase, nn.GroupNorm, nn.LayerNorm)


def shared_names(state: Mapping[str, Any] | Iterable[str], kept_at_site: Sequence[str]) -> tuple[str, ...]:
    """Names that travel: all that no expression matches in full.

    Raises:
        UsageError: nothing would be shared, or an expression is none.
    """
    names = tuple(state)
    try:
        shared = tuple(name for name in names if not any(re.fullmatch(pattern, name) for pattern in kept_at_site))
    except re.error as error:
        raise UsageError(f"{', '.join(kept_at_site)}: not a regular expression ({error})") from error
    if not shared:
        raise UsageError(f"{', '.join(kept_at_site)}: matches every value of the network; nothing would be shared")
    return shared


def expand(kept_at_site: Sequence[str], network: nn.Module) -> tuple[str, ...]:
    """Put the network's own normalisation layers in place of :data:`NORM`.

    Raises:
        UsageError: an expression matches nothing.
    """
    expanded: list[str] = []
    for pattern in kept_at_site:
        if pattern == NORM:
            layers = [name for name, layer in network.named_modules() if isinstance(layer, NORMALISATION)]
            expanded += [rf"{re.escape(layer)}\..*" for layer in layers]
        else:
            expanded.append(pattern)
    names = tuple(network.state_dict())
    for pattern in expanded:
        shared_names(names, [pattern])
        if not any(re.fullmatch(pattern, name) for name in names):
            raise UsageError(f"{pattern}: matches no value of the network")
    if NORM in kept_at_site and not expanded:
        raise UsageError(f"{NORM}: this network has no normalisation layers")
    return tuple(expanded)
