"""How many steps a training takes in all, which its learning-rate schedule has to know from the start."""

from __future__ import annotations

from typing import Any

from nodulescope.bundles.errors import InputError


def steps_in_all(epochs: int, loader: Any) -> int:
    """Steps of a training that passes so often over the batches of a loader.

    Args:
        epochs: passes over the training items.
        loader: the ``DataLoader`` of the training items.

    Raises:
        InputError: there are fewer items than one batch takes, so that nothing would ever be learned.
    """
    batches = len(loader)
    if not batches:
        items, size = len(loader.dataset), loader.batch_size
        remedy = f"add items, or set batch_size to {items} or less" if items else "add items"
        raise InputError(f"training needs a whole batch of {size} items, and the datalist gives {items}; {remedy}")
    return epochs * batches
