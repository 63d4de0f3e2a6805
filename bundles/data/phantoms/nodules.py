"""Making nodules: place, shape to size, truth, and their voxels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import gaussian_filter

from nodulescope.bundles.contracts import LEFT_LUNG
from nodulescope.bundles.data.annotation_rules import MASS_MM
from nodulescope.bundles.data.phantoms.branching import Branches
from nodulescope.bundles.data.phantoms.canvas import Canvas
from nodulescope.bundles.data.phantoms.grid import Grid
from nodulescope.bundles.data.phantoms.measuring import COARSE_SAMPLES, SAMPLES, Inside, Measured, measure
from nodulescope.bundles.data.phantoms.nodule_shape import NoduleShape, make_shape, strands
from nodulescope.bundles.data.phantoms.nodule_spec import NoduleSpec
from nodulescope.bundles.data.phantoms.placement import Placer, Site
from nodulescope.bundles.data.phantoms.ratings import reader_ratings
from nodulescope.bundles.data.phantoms.scan import PhantomNodule
from nodulescope.bundles.data.phantoms.streams import Stream, generator
from nodulescope.bundles.errors import InputError

SOLID_HU = (15.0, 60.0)
GROUND_GLASS_HU = (-640.0, -470.0)
CALCIFIED_HU = (250.0, 800.0)
"""Ranges from which a nodule's HU are drawn: soft tissue; opacity through which vessels show; calcium."""

CORE_SHARE = (0.3, 0.7)
"""Diameter of the solid part of a part-solid nodule relative to the whole."""


Surface = Callable[[ArrayLike], NDArray[np.float64]]
"""Signed distance of LPS positions (..., 3) to a lung, negative inside."""


@dataclass(frozen=True)
class MadeNodule:
    """A nodule that has its place, its shape and its size.

    Attributes:
        truth: what the phantom tells about it.
        inside: signed distance of LPS positions, cut by the pleura.
        core: signed distance of its solid part (part-solid only).
        centre_mm, reach_mm: a cube that holds it.
        hu: HU of its body (ground-glass for part-solid), before texture.
        core_hu: HU of the solid part.
        seed: seed of its texture.
        strands: thin strands that run from it into the lung.
    """

    truth: PhantomNodule
    inside: Inside
    core: Inside | None
    centre_mm: NDArray[np.float64]
    reach_mm: float
    hu: float
    core_hu: float
    seed: int
    strands: Branches


@dataclass(frozen=True)
class SizedShape:
    """A shape with the radius that gives it the size it should have where nothing cuts it, and the stream that draws the rest."""

    shape: NoduleShape
    radius_mm: float
    rng: np.random.Generator

    @property
    def reach_mm(self) -> float:
        """Largest distance from the centre."""
        return self.shape.reach * self.radius_mm


def size_shape(seed: int, number: int, spec: NoduleSpec) -> SizedShape:
    """Draw the shape of the ``number``-th nodule (from 1 on). It does not depend on the diameter, so that a nodule keeps it as it grows."""
    rng = generator(seed, Stream.SHAPES, number)
    shape = make_shape(spec, rng)
    radius = spec.diameter_mm / 2
    free = _measured(_solid(shape, np.zeros(3), radius, None), np.zeros(3), shape.reach * radius, COARSE_SAMPLES)
    return SizedShape(shape, radius * (spec.diameter_mm / free.mean_diameter_mm), rng)


def make_nodule(seed: int, number: int, spec: NoduleSpec, placer: Placer, lungs: Mapping[int, Surface]) -> MadeNodule:
    """Make the ``number``-th nodule (from 1 on) of a phantom where the placer finds room."""
    sized = size_shape(seed, number, spec)
    return nodule_at(seed, number, spec, sized, placer.find(spec.place, sized.radius_mm, sized.reach_mm), lungs)


def nodule_at(seed: int, number: int, spec: NoduleSpec, sized: SizedShape, site: Site, lungs: Mapping[int, Surface]) -> MadeNodule:
    """Make a nodule at a site.

    Args:
        seed: the phantom's seed.
        number: of the nodule, from 1 on.
        spec: what it should be like.
        sized: its shape, fresh from :func:`size_shape`.
        site: where.
        lungs: surface of each lung by its label.
    """
    shape, radius, rng = sized.shape, sized.radius_mm, sized.rng
    label = min(lungs, key=lambda side: float(lungs[side](site.centre_mm)))
    lung = lungs[label] if site.place == "pleura" else None
    # The pleura cuts a part off, so that a nodule on it has to be made larger to have the size it should have.
    for _ in range(3 if lung else 0):
        cut = _measured(_solid(shape, site.centre_mm, radius, lung), site.centre_mm, shape.reach * radius, COARSE_SAMPLES)
        radius *= float(np.clip(spec.diameter_mm / cut.mean_diameter_mm, 0.8, 1.3))
    inside = _solid(shape, site.centre_mm, radius, lung)
    whole = _measured(inside, site.centre_mm, shape.reach * radius)
    core: Inside | None = None
    solid_mm: float | None = None
    if spec.kind == "part-solid":
        share = float(rng.uniform(*CORE_SHARE))
        middle = whole.centroid_mm + rng.normal(0.0, 0.10 * radius, 3)
        kernel = make_shape(replace(spec, lobulation=max(spec.lobulation, 0.5), sphericity=min(spec.sphericity, 0.6)), rng)
        core = _solid(kernel, middle, radius * share, lungs[label])
        solid_mm = _measured(core, middle, kernel.reach * radius * share).mean_diameter_mm
    spec = replace(spec, place=site.place)
    diameter = whole.mean_diameter_mm
    truth = PhantomNodule(
        id=number,
        center_lps_mm=(float(whole.centroid_mm[0]), float(whole.centroid_mm[1]), float(whole.centroid_mm[2])),
        kind=spec.kind,
        mean_diameter_mm=diameter,
        long_axis_mm=whole.long_axis_mm,
        short_axis_mm=whole.short_axis_mm,
        volume_mm3=whole.volume_mm3,
        solid_diameter_mm=solid_mm,
        place=spec.place,
        side="left" if label == LEFT_LUNG else "right",
        is_mass=diameter > MASS_MM,
        ratings=reader_ratings(spec, diameter, generator(seed, Stream.READERS, number)),
    )
    ranges = {"solid": SOLID_HU, "calcified": CALCIFIED_HU, "ground-glass": GROUND_GLASS_HU, "part-solid": GROUND_GLASS_HU}
    hu, core_hu = float(rng.uniform(*ranges[spec.kind])), float(rng.uniform(*SOLID_HU))
    fibres = strands(shape, spec, site.centre_mm, radius, rng)
    return MadeNodule(truth, inside, core, site.centre_mm, shape.reach * radius, hu, core_hu, int(rng.integers(2**31)), fibres)


def _solid(shape: NoduleShape, centre: NDArray[np.float64], radius: float, lung: Surface | None) -> Inside:
    """Signed distance of a shape at a place, cut by the pleura when a lung is given."""
    origin = centre.astype(np.float32)

    def inside(points: NDArray[np.float32]) -> NDArray[np.float32]:
        distance = shape.distance(points - origin, radius)
        if lung is not None:
            near = distance < 2.0
            distance[near] = np.maximum(distance[near], lung(points[near]).astype(np.float32))
        return distance

    return inside


def _measured(inside: Inside, centre: NDArray[np.float64], reach: float, samples: int = SAMPLES) -> Measured:
    found = measure(inside, centre, reach * 1.02, samples)
    if found is None:
        raise InputError("a phantom nodule came to lie outside the lungs; try another seed")
    return found


def _points(grid: Grid, box: tuple[slice, slice, slice]) -> NDArray[np.float32]:
    """Positions of the voxels of a box, LPS mm, shape (z, y, x, 3)."""
    x, y, z = grid.axes(box)
    return np.stack(np.broadcast_arrays(x, y, z), axis=-1)


def paint_nodule(canvas: Canvas, nodule: MadeNodule, before_vessels: bool) -> None:
    """Draw one nodule: ground-glass before the vessels, which stay visible in it, everything solid after them."""
    hazy = nodule.truth.kind in ("ground-glass", "part-solid")
    margin = nodule.reach_mm + 2 * canvas.edge_mm
    box = canvas.grid.box(nodule.centre_mm - margin, nodule.centre_mm + margin)
    block = canvas.hu[box]
    points = _points(canvas.grid, box)
    noise = np.random.Generator(np.random.PCG64(nodule.seed)).standard_normal(block.shape, dtype=np.float32)
    if before_vessels and hazy:
        edge = max(1.8 * canvas.edge_mm, 1.6)
        patches = gaussian_filter(noise, 1.8 / np.array(canvas.grid.spacing_mm[::-1]), mode="wrap")
        patches /= patches.std() + np.float32(1e-6)
        cover = np.clip(0.5 - nodule.inside(points) / np.float32(edge), 0, 1)
        block += cover * np.maximum(np.float32(nodule.hu) + 45 * patches + 25 * noise - block, 0)
    elif not before_vessels:
        solid = nodule.core if hazy else nodule.inside
        if solid is None:
            return
        cover = np.clip(0.5 - solid(points) / np.float32(canvas.edge_mm), 0, 1)
        goal = np.float32(nodule.core_hu if hazy else nodule.hu) + 8 * noise
        if nodule.truth.kind == "calcified":
            # Calcium is densest in the middle and leaves a thin rim of soft tissue.
            depth = np.linalg.norm(points - nodule.centre_mm.astype(np.float32), axis=-1) / np.float32(nodule.truth.mean_diameter_mm / 2)
            goal = goal + (np.float32(60.0) - goal) * np.clip((depth - np.float32(0.75)) / np.float32(0.5), 0, 1) * np.float32(0.7)
        block += cover * np.maximum(goal - block, 0)


def label_nodule(labels: NDArray[np.uint8], grid: Grid, nodule: MadeNodule) -> tuple[tuple[slice, slice, slice], NDArray[np.bool_]]:
    """Write the label of one nodule: as many voxels as its volume fills, those that it covers most. Returns the box (z, y, x) and mask."""
    margin = nodule.reach_mm + float(max(grid.spacing_mm))
    box = grid.box(nodule.centre_mm - margin, nodule.centre_mm + margin)
    points = _points(grid, box)
    parts = 2 if points.size > 600_000 else 4
    offsets = (np.arange(parts) + 0.5) / parts - 0.5
    share = np.zeros(points.shape[:-1], dtype=np.float32)
    for dz in offsets:
        for dy in offsets:
            for dx in offsets:
                shift = np.array([dx, dy, dz]) * grid.spacing_mm
                share += nodule.inside(points + shift.astype(np.float32)) < 0
    # Voxels that are covered equally are ranked by the depth of their centre.
    rank = share * np.float32(10.0) - np.clip(nodule.inside(points), -4, 4)
    number = int(np.clip(round(nodule.truth.volume_mm3 / float(np.prod(grid.spacing_mm))), 1, np.count_nonzero(share) or 1))
    chosen = np.argsort(-rank.ravel(), kind="stable")[:number]
    mask = np.zeros(rank.shape, dtype=bool)
    mask.flat[chosen] = True
    labels[box][mask] = nodule.truth.id
    return box, mask
