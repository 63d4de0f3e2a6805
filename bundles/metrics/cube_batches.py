"""Cubes of a datalist on their way into a network that is measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from monai.transforms import Compose

from nodulescope.bundles.data.training_cubes import cached_cube_transforms, fixed_cube_transforms
from nodulescope.bundles.errors import InputError


def cubes_in_batches(items: Sequence[Mapping[str, Any]], size: int, batch: int, *, outline: bool) -> Iterator[dict[str, torch.Tensor]]:
    """Canonical cubes as validation sees them: the middle of each, unchanged.

    Args:
        items: as :func:`~nodulescope.bundles.data.datalist.read_datalist` gives them.
        size: voxels per edge.
        batch: cubes at once; the last batch may be smaller.
        outline: load the outlines too.

    Yields:
        ``image`` (batch, 1, size, size, size), float32, and with ``outline`` also ``label`` of the same shape.

    Raises:
        InputError: a file cannot be read, is no cube of at least ``size`` voxels, or holds NaN.
    """
    transform = Compose([cached_cube_transforms(outline=outline), fixed_cube_transforms(size, outline=outline)])
    keys = ["image", "label"] if outline else ["image"]
    for first in range(0, len(items), batch):
        loaded = [_load({key: item[key] for key in keys}, transform, size) for item in items[first : first + batch]]
        yield {key: torch.stack([cube[key] for cube in loaded]) for key in keys}


def _load(files: Mapping[str, Any], transform: Compose, size: int) -> dict[str, torch.Tensor]:
    try:
        loaded = transform(dict(files))
    except Exception as error:  # readers of many formats raise many kinds, and MONAI wraps them
        cause: BaseException | None = error
        while cause is not None and not isinstance(cause, InputError):
            cause = cause.__cause__
        if cause is not None:
            raise cause from error
        names = " or ".join(str(file) for file in files.values())
        raise InputError(f"{names}: cannot be read as a cube (damaged or another format); make the cubes again") from error
    for key, file in files.items():
        cube = loaded[key].as_tensor()
        if cube.shape != (1, size, size, size):
            found = " x ".join(str(n) for n in cube.shape[1:])
            raise InputError(f"{Path(file)}: {found} voxels of 1 mm; the network needs {size} along each axis, make larger cubes")
        if not bool(torch.isfinite(cube).all()):
            raise InputError(f"{Path(file)}: some voxels are NaN or infinite; replace them by air (-1000)")
        loaded[key] = cube
    return {key: loaded[key] for key in files}
