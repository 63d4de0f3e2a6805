"""Real LIDC-IDRI nodules that come as stacks of a few axial slices, set into real lung tissue as full cubes.

A stack holds only the slices that a reader outlined, in 64x64 native pixels. Around it nothing is known, and a network that sees real
volumes must not learn that nodules end in emptiness. So the stack is blended, over a few millimetres, into a cube of lung from a real scan.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from nodulescope.bundles.nodule_grading.ratings import READER_RATINGS

CUBE_SIZE = 64
"""Edge of a training cube in voxels of 1 mm: the networks' cubes plus room for random shifts."""

BLEND_MM = 2.0
"""Width of the seam, half of it on each side of the stack's border, so that where tissue and stack weigh the same is where outlines end."""

STACK_LOW_HU, STACK_RANGE_HU = -1000.0, 1400.0
"""Stored value = (HU + 1000) / 1400 * 255."""


@dataclass(frozen=True)
class NoduleStack:
    """One nodule as it is stored.

    Attributes:
        key: unique name.
        patient: LIDC patient, for splits.
        hu: float32 HU, shape (columns, rows, slices).
        readers: uint8, same shape; bit r is reader r's outline.
        spacing_mm: of columns, rows and slices.
        ratings: one row per reader, ordered as :data:`READER_RATINGS`.
    """

    key: str
    patient: str
    hu: NDArray[np.float32]
    readers: NDArray[np.uint8]
    spacing_mm: tuple[float, float, float]
    ratings: tuple[tuple[float, ...], ...]

    @property
    def agreement(self) -> NDArray[np.float32]:
        """Share of this nodule's readers who counted a voxel in, 0..1."""
        votes = np.unpackbits(self.readers[..., None], axis=-1, bitorder="little").sum(-1)
        return np.asarray(votes / max(len(self.ratings), 1), dtype=np.float32)


def read_nodule_stacks(folder: Path, headers: Path | None = None) -> Iterator[NoduleStack]:
    """All stacks of ``nodules.csv`` and ``nodules_64x64.npz`` whose spacing is known, in the table's order.

    Args:
        folder: holds both files.
        headers: table with ``seriesuid``, ``sx`` and ``sz`` (mm), for stacks whose own row leaves the spacing out.
    """
    spacings = _spacings(headers) if headers else {}
    with np.load(folder / "nodules_64x64.npz") as arrays:
        images, masks = arrays["image"], arrays["mask"]
    with (folder / "nodules.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            in_plane, between = spacings.get(row.get("series_uid", ""), ("", ""))
            in_plane, between = row["spacing_x"] or in_plane, row["dz_mm"] or between
            if not in_plane or not between:
                continue
            part = slice(int(row["first_slice"]), int(row["first_slice"]) + int(row["n_slices"]))
            columns = [[float(v) if v else float("nan") for v in row[f"{name}_readers"].split(";")] for name in READER_RATINGS]
            readers = tuple(tuple(reader) for reader in zip(*columns, strict=False))
            spacing = (float(in_plane), float(in_plane), float(between))
            hu = images[part].transpose(2, 1, 0).astype(np.float32) / 255.0 * STACK_RANGE_HU + STACK_LOW_HU
            yield NoduleStack(row["key"], row["patient"], hu, masks[part].transpose(2, 1, 0), spacing, readers)


@dataclass(frozen=True)
class BlendedCube:
    """A nodule in a cube of lung, 64 mm per edge at 1 mm, its centroid in the middle.

    Attributes:
        hu: float32 HU, shape (64, 64, 64).
        consensus: what at least half of the readers outlined, same shape.
        readers: each reader's own outline, same shape.
    """

    hu: NDArray[np.float32]
    consensus: NDArray[np.bool_]
    readers: tuple[NDArray[np.bool_], ...]


def blend_into(stack: NoduleStack, tissue_hu: NDArray[np.float32]) -> BlendedCube | None:
    """Set a nodule into a cube of lung.

    Args:
        stack: the nodule.
        tissue_hu: lung in HU at 1 mm, shape (64, 64, 64).

    Returns:
        None when no voxel reaches consensus.
    """
    core = stack.agreement >= 0.5
    if not core.any():
        return None
    grid, weight = _cube_grid(stack.hu.shape, stack.spacing_mm, [axis.mean() for axis in np.nonzero(core)])
    consensus = _resampled(core, grid)
    if not consensus.any():  # less than a voxel of 1 mm
        return None
    readers = tuple(_resampled(stack.readers >> number & 1, grid) for number in range(len(stack.ratings)))
    return BlendedCube(_blended(stack.hu, grid, weight, tissue_hu), consensus, readers)


def blend_slab_into(
    slab_hu: NDArray[np.float32], spacing_mm: tuple[float, float, float], tissue_hu: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Set a slab of lung without a nodule into other lung, as :func:`blend_into` sets a nodule: a network must not learn from the seams.

    Args:
        slab_hu: HU, shape (columns, rows, slices).
        spacing_mm: its spacing.
        tissue_hu: lung in HU at 1 mm, shape (64, 64, 64).

    Returns:
        HU at 1 mm, shape (64, 64, 64), the slab's middle in the middle.
    """
    grid, weight = _cube_grid(slab_hu.shape, spacing_mm, [(size - 1) / 2.0 for size in slab_hu.shape])
    return _blended(slab_hu, grid, weight, tissue_hu)


def _cube_grid(
    shape: Sequence[int], spacing_mm: Sequence[float], center: Sequence[float]
) -> tuple[list[NDArray[np.float64]], NDArray[np.float32]]:
    """Positions of a cube's voxels in a stack, and how much of the stack is seen at each."""
    spacing = np.asarray(spacing_mm)
    offsets = (np.arange(CUBE_SIZE) - (CUBE_SIZE - 1) / 2.0)[None] / spacing[:, None] + np.asarray(center)[:, None]
    weight = np.ones((CUBE_SIZE,) * 3, np.float32)
    for axis, (position, size) in enumerate(zip(offsets, shape, strict=True)):
        beyond_mm = np.maximum(-0.5 - position, position - (size - 0.5)) * spacing[axis]
        ramp = np.clip(0.5 - beyond_mm / BLEND_MM, 0.0, 1.0).astype(np.float32)
        weight *= ramp.reshape([-1 if a == axis else 1 for a in range(3)])
    return list(np.meshgrid(*offsets, indexing="ij")), weight


def _resampled(mask: NDArray[Any], grid: list[NDArray[np.float64]]) -> NDArray[np.bool_]:
    """A mask on a cube's grid. Beyond the stack there is a slice of nothing, so the border runs half a slice beyond the outermost one: a
    slice stands for its thickness, and not for its middle plane.
    """
    return np.asarray(map_coordinates(mask.astype(np.float32), grid, order=1, mode="grid-constant") >= 0.5)


def _blended(
    hu: NDArray[np.float32], grid: list[NDArray[np.float64]], weight: NDArray[np.float32], tissue_hu: NDArray[np.float32]
) -> NDArray[np.float32]:
    inner = map_coordinates(hu, grid, order=1, mode="nearest")
    return np.asarray(weight * inner + (1.0 - weight) * tissue_hu, dtype=np.float32)


def _spacings(headers: Path) -> dict[str, tuple[str, str]]:
    with headers.open(newline="", encoding="utf-8") as file:
        return {row["seriesuid"]: (row["sx"], row["sz"]) for row in csv.DictReader(file)}
