"""The vessels and bronchi inside the lungs: end points, trees, and their drawing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nodulescope.bundles.contracts import RIGHT_LUNG
from nodulescope.bundles.data.phantoms.body_frame import BodyFrame
from nodulescope.bundles.data.phantoms.branching import Branches, Numbers, Points, grow
from nodulescope.bundles.data.phantoms.grid import Field, Grid, sample
from nodulescope.bundles.data.phantoms.lung_fields import LungFields
from nodulescope.bundles.data.phantoms.mediastinum import ROOTS
from nodulescope.bundles.data.phantoms.solids import capsule

PLEURAL_GAP_MM = 3.0
"""No vessel ends nearer to the pleura than this: subpleural vessels are too thin for CT."""

BRONCHUS_MIN_ENDS = 80
"""Bronchi beside arteries that feed less are too thin to be seen: their lumen is below 2 mm, their wall below 0.5 mm."""

LUMEN = 0.80
"""Radius of a bronchus' lumen relative to the artery beside it (the normal bronchus-to-artery ratio is 0.65 to 0.9)."""

WIDEST_LUMEN_MM = 4.6
"""Lobar bronchi are no wider, whatever their artery."""


@dataclass(frozen=True)
class Vasculature:
    """The trees of both lungs: ``vessels`` are arteries and veins; ``bronchi`` carries lumen radii."""

    vessels: Branches
    bronchi: Branches


def make_vasculature(frame: BodyFrame, lungs: LungFields, rng: np.random.Generator) -> Vasculature:
    """Grow all trees of one patient."""
    vessels: list[Branches] = []
    bronchi: list[Branches] = []
    for label, lung in lungs.lung.items():
        roots = {name: frame.to_world(point) for name, point in ROOTS[label].items()}
        points = _end_points(frame, lung, rng)
        arteries = grow(roots["artery"], points, _lobes(frame.grid, lungs, label, points))
        vessels.append(arteries)
        bronchi.append(_beside(arteries, roots["bronchus"], roots["artery"]))
        points = _end_points(frame, lung, rng)
        lobes = _lobes(frame.grid, lungs, label, points)
        vessels.append(grow(roots["vein"], points[lobes == 0], lobes[lobes == 0]))
        vessels.append(grow(roots["upper_vein"], points[lobes > 0], lobes[lobes > 0]))
    return Vasculature(Branches.joined(vessels), Branches.joined(bronchi))


def _end_points(frame: BodyFrame, lung: Field, rng: np.random.Generator) -> Points:
    """Evenly spread points inside a lung: one per cell of a jittered lattice."""
    density = frame.patient.vessels_per_litre
    if density <= 0:
        return np.zeros((0, 3))
    pitch = (1e6 / density) ** (1 / 3)
    hits = np.nonzero(lung < 0)
    if not len(hits[0]):
        return np.zeros((0, 3))
    spacing, origin = frame.grid.spacing_mm, frame.grid.origin_mm
    low = [origin[a] + spacing[a] * hits[2 - a].min() for a in range(3)]
    high = [origin[a] + spacing[a] * hits[2 - a].max() for a in range(3)]
    lines = [np.arange(a, b + pitch, pitch) for a, b in zip(low, high, strict=True)]
    points = np.stack(np.meshgrid(*lines, indexing="ij"), axis=-1).reshape(-1, 3)
    points = points + rng.uniform(-0.5, 0.5, points.shape) * pitch
    return np.asarray(points[sample(lung, frame.grid, points) < -PLEURAL_GAP_MM])


def _lobes(grid: Grid, lungs: LungFields, label: int, points: Points) -> Numbers:
    """Lobe of each point: 0 lower, 1 upper, 2 middle (right lung only)."""
    if not len(points):
        return np.zeros(0, dtype=np.int64)
    upper = (sample(lungs.oblique, grid, points) < 0).astype(np.int64)
    if label == RIGHT_LUNG:
        upper[(upper == 1) & (sample(lungs.horizontal, grid, points) >= 0)] = 2
    return upper


def _beside(arteries: Branches, root: Points, artery_root: Points) -> Branches:
    """Bronchi that run beside the arteries: same course, shifted by both radii towards the main bronchus, joined to it."""
    trunk = arteries.feeding_at_least(BRONCHUS_MIN_ENDS)
    if not len(trunk.start):
        return trunk
    toward = (root - artery_root) / (np.linalg.norm(root - artery_root) + 1e-9)

    def shifted(points: Points, radius: Points) -> Points:
        return np.asarray(points + toward * ((1 + LUMEN) * radius + 0.6)[:, None])

    start, end = shifted(trunk.start, trunk.start_radius), shifted(trunk.end, trunk.end_radius)
    at_root = np.linalg.norm(trunk.start - artery_root, axis=1) < 1e-6
    start[at_root] = root
    lumen = [np.minimum(radius * LUMEN, WIDEST_LUMEN_MM) for radius in (trunk.start_radius, trunk.end_radius)]
    return Branches(start, end, lumen[0], lumen[1], trunk.ends)


def draw(cover: Field, grid: Grid, branches: Branches, edge_mm: float, extra_mm: float = 0.0, relative: float = 1.0) -> None:
    """Draw tubes into a volume of shares with soft edges; the larger share wins where tubes meet.

    A tube thinner than a voxel is drawn a little wider than one, with the share of it that it fills: its contrast fades as in a real scan.

    Args:
        cover: share of each voxel, (z, y, x), changed in place.
        grid: its grid.
        branches: the tubes.
        edge_mm: width of the soft edge.
        extra_mm: added to every radius (a wall).
        relative: factor on every radius before that.
    """
    thinnest = 0.6 * max(grid.spacing_mm)
    for a, b, r0, r1 in zip(branches.start, branches.end, branches.start_radius, branches.end_radius, strict=True):
        r0, r1 = float(r0) * relative + extra_mm, float(r1) * relative + extra_mm
        mean = (r0 + r1) / 2
        wide = max(mean, thinnest)
        strength = (mean / wide) ** 2
        if strength < 1.0:
            r0 = r1 = wide
        reach = max(r0, r1) + edge_mm
        box = grid.box(np.minimum(a, b) - reach, np.maximum(a, b) + reach)
        block = cover[box]
        if not block.size:
            continue
        share = capsule(*grid.axes(box), a, b, r0, r1)
        share *= np.float32(-1 / edge_mm)
        share += np.float32(0.5)
        np.clip(share, 0, 1, out=share)
        if strength < 1.0:
            share *= np.float32(strength)
        np.maximum(block, share, out=block)
