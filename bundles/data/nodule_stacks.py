"""Real LIDC-IDRI nodules that come as stacks of a few axial slices, set into real lung tissue as full cubes.

A stack holds only the slices that a reader outlined, in 64x64 native pixels. Around it nothing is known, and a network that sees real
volumes must not learn that nodules end in emptiness. So the stack is blended, over a few millimetres, into a cube of lung from a real scan.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from nodulescope.bundles.nodule_grading.ratings import READER_RATINGS

CUBE_SIZE = 64
"""Edge of a training cube in voxels of 1 mm: the networks' cubes plus room for random shifts."""

BLEND_MM = 2.0
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


def read_nodule_stacks(folder: Path) -> Iterator[NoduleStack]:
    """All stacks of ``nodules.csv`` and ``nodules_64x64.npz`` whose spacing is known, in the table's order.

    Args:
        folder: holds both files.
    """
    with np.load(folder / "nodules_64x64.npz") as arrays:
        images, masks = arrays["image"], arrays["mask"]
    with (folder / "nodules.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if not row["dz_mm"] or not row["spacing_x"]:
                continue
            part = slice(int(row["first_slice"]), int(row["first_slice"]) + int(row["n_slices"]))
            columns = [[float(v) if v else float("nan") for v in row[f"{name}_readers"].split(";")] for name in READER_RATINGS]
            readers = tuple(tuple(reader) for reader in zip(*columns, strict=False))
            spacing = (float(row["spacing_x"]), float(row["spacing_x"]), float(row["dz_mm"]))
            hu = images[part].transpose(2, 1, 0).astype(np.float32) / 255.0 * STACK_RANGE_HU + STACK_LOW_HU
            yield NoduleStack(row["key"], row["patient"], hu, masks[part].transpose(2, 1, 0), spacing, readers)


def blend_into(stack: NoduleStack, tissue_hu: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.bool_]] | None:
    """Set a nodule into a cube of lung.

    Args:
        stack: the nodule.
        tissue_hu: lung in HU at 1 mm, shape (64, 64, 64).

    Returns:
        HU and the readers' consensus (at least half of them), both (64, 64, 64) at 1 mm with the nodule's centroid in the middle; None when
        no voxel reaches consensus, or too few for one at 1 mm.
    """
    agreement = stack.agreement
    core = agreement >= 0.5
    if not core.any():
        return None
    spacing = np.asarray(stack.spacing_mm)
    centroid = np.array([axis.mean() for axis in np.nonzero(core)])
    offsets = (np.arange(CUBE_SIZE) - (CUBE_SIZE - 1) / 2.0)[None] / spacing[:, None] + centroid[:, None]
    grid = np.meshgrid(*offsets, indexing="ij")
    hu = map_coordinates(stack.hu, grid, order=1, mode="nearest")
    consensus = map_coordinates(agreement, grid, order=1, mode="constant") >= 0.5
    weight = np.ones((CUBE_SIZE,) * 3, np.float32)
    for axis, (position, size) in enumerate(zip(offsets, stack.hu.shape, strict=True)):
        beyond_mm = np.maximum(-0.5 - position, position - (size - 0.5)) * spacing[axis]
        ramp = np.clip(1.0 - beyond_mm / BLEND_MM, 0.0, 1.0).astype(np.float32)
        weight *= ramp.reshape([-1 if a == axis else 1 for a in range(3)])
    return (weight * hu + (1.0 - weight) * tissue_hu, consensus) if consensus.any() else None
