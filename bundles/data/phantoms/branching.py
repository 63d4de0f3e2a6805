"""Space-filling branching trees: arteries, veins and bronchi of one lung.

A tree reaches a cloud of evenly spread points. It grows point by point, each time by the point that costs least: the length of the new
branch plus a share of its way back to the root (Cuntz et al., One rule to grow them all, PLoS Comput Biol 6, 2010). Little wire makes
it branch, short ways make it radiate from the hilum. Radii follow Murray's law: what feeds n points is ``n ** (1 / MURRAY)`` times as
wide as what feeds one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
Numbers = NDArray[np.int64]

MURRAY = 2.75
"""Exponent of Murray's law: 3 for laminar flow at least cost; pulmonary arteries are measured between 2.4 and 3."""

TERMINAL_RADIUS_MM = 0.32
"""Radius of the last branches that are drawn: about the smallest vessels that CT shows near the pleura."""

WAY_HOME = 0.45
"""Weight of the way back to the root against the length of a new branch."""

LOBE_PENALTY = 2.5
"""A branch from one lobe to another costs so many times its length: vessels and bronchi do not cross fissures."""

PIECE_MM = 4.5
"""Longest straight piece of a curved branch."""


@dataclass(frozen=True)
class Branches:
    """Straight, tapered pieces of a tree.

    Attributes:
        start, end: LPS mm, shape (n, 3).
        start_radius, end_radius: mm, shape (n,).
        ends: number of points that each piece feeds, shape (n,).
    """

    start: Points
    end: Points
    start_radius: Points
    end_radius: Points
    ends: Numbers

    def feeding_at_least(self, ends: int) -> Branches:
        """The pieces that feed at least so many points."""
        keep = self.ends >= ends
        return Branches(self.start[keep], self.end[keep], self.start_radius[keep], self.end_radius[keep], self.ends[keep])

    @staticmethod
    def joined(parts: list[Branches]) -> Branches:
        """All pieces of several trees."""
        if not parts:
            none = np.zeros((0, 3))
            return Branches(none, none, none[:, 0], none[:, 0], np.zeros(0, dtype=np.int64))
        return Branches(
            np.concatenate([p.start for p in parts]),
            np.concatenate([p.end for p in parts]),
            np.concatenate([p.start_radius for p in parts]),
            np.concatenate([p.end_radius for p in parts]),
            np.concatenate([p.ends for p in parts]),
        )


def radius_of(ends: Numbers) -> Points:
    """Radius in mm of branches that feed so many points."""
    return np.asarray(TERMINAL_RADIUS_MM * np.asarray(ends, dtype=np.float64) ** (1 / MURRAY))


def grow(root: Points, cloud: Points, lobes: Numbers) -> Branches:
    """Grow a tree from a root to all points of a cloud.

    Args:
        root: LPS mm, shape (3,).
        cloud: LPS mm, shape (n, 3).
        lobes: number of each point's lobe, shape (n,).
    """
    if not len(cloud):
        return Branches.joined([])
    points = np.concatenate([root[None], cloud])
    parent, order = _link(points, np.concatenate([[-1], lobes]))
    ends = np.ones(len(points), dtype=np.int64)
    for i in order[:0:-1]:
        ends[parent[i]] += ends[i]
    main = _main_children(parent, ends, order)
    points = _relaxed(points, parent, main, ends)
    return _curved(points, parent, main, ends)


def _link(points: Points, lobes: Numbers) -> tuple[Numbers, Numbers]:
    """Parent of every point (the first is the root, its own parent) and the order in which they joined the tree."""
    number = len(points)
    parent = np.zeros(number, dtype=np.int64)
    # float32 rows keep the inner loop in the processor's cache.
    place = np.ascontiguousarray(points.T.astype(np.float32))
    cost = np.full(number, np.inf, dtype=np.float32)
    way = np.zeros(number, dtype=np.float32)
    reached = np.zeros(number, dtype=bool)
    order = np.zeros(number, dtype=np.int64)
    length = np.zeros(number, dtype=np.float32)
    new = 0
    for step in range(number):
        order[step] = new
        reached[new] = True
        cost[new] = np.inf
        dx, dy, dz = place[0] - place[0, new], place[1] - place[1, new], place[2] - place[2, new]
        distance = np.sqrt(dx * dx + dy * dy + dz * dz)
        weighted = distance * np.where((lobes == lobes[new]) | (lobes[new] < 0), np.float32(1), np.float32(LOBE_PENALTY))
        price = weighted * np.float32(1 + WAY_HOME) + np.float32(WAY_HOME) * way[new]
        better = (price < cost) & ~reached
        cost[better] = price[better]
        parent[better] = new
        length[better] = distance[better]
        new = int(np.argmin(cost))
        way[new] = way[parent[new]] + length[new]
    return parent, order


def _main_children(parent: Numbers, ends: Numbers, order: Numbers) -> Numbers:
    """The child of each point that feeds most, or the point itself where it has none."""
    main = np.arange(len(parent))
    best = np.zeros(len(parent), dtype=np.int64)
    for i in order[1:]:
        if ends[i] > best[parent[i]]:
            best[parent[i]], main[parent[i]] = ends[i], i
    return main


def _relaxed(points: Points, parent: Numbers, main: Numbers, ends: Numbers) -> Points:
    """Straighten branches: every inner point is drawn towards the middle between its parent and its main child, thick ones more."""
    inner = (main != np.arange(len(points))) & (np.arange(len(points)) > 0)
    pull = np.where(inner, np.clip(0.35 + 0.06 * np.log2(ends), 0, 0.75), 0.0)[:, None]
    for _ in range(4):
        points = points + pull * ((points[parent] + points[main]) / 2 - points)
    return points


def _curved(points: Points, parent: Numbers, main: Numbers, ends: Numbers) -> Branches:
    """Draw every link as a cubic Hermite curve that leaves its parent's course smoothly, cut into straight pieces."""
    course = points[main] - points[parent]
    course[0] = points[main[0]] - points[0]
    course /= np.linalg.norm(course, axis=1, keepdims=True) + 1e-9
    child = np.arange(1, len(points))
    base = parent[child]
    chord = points[child] - points[base]
    length = np.linalg.norm(chord, axis=1)
    follows = (main[base] == child)[:, None]
    straight = chord / (length[:, None] + 1e-9)
    leave = np.where(follows, course[base], 0.55 * straight + 0.45 * course[base]) * length[:, None]
    arrive = course[child] * length[:, None]
    radius = radius_of(ends)
    first = np.minimum(radius[base], np.where(follows[:, 0], radius[base], radius[child] * 1.15))
    pieces = np.clip(np.ceil(length / PIECE_MM).astype(int), 1, 8)
    parts = []
    for number in range(1, int(pieces.max()) + 1):
        chosen = pieces == number
        if not chosen.any():
            continue
        t = np.linspace(0, 1, number + 1)[:, None, None]
        p0, p1, m0, m1 = points[base[chosen]], points[child[chosen]], leave[chosen], arrive[chosen]
        line = (2 * t**3 - 3 * t**2 + 1) * p0 + (t**3 - 2 * t**2 + t) * m0 + (3 * t**2 - 2 * t**3) * p1 + (t**3 - t**2) * m1
        wide = first[chosen] + (radius[child[chosen]] - first[chosen]) * t[:, :, 0]
        feeds = np.tile(ends[child[chosen]], number)
        parts.append(Branches(line[:-1].reshape(-1, 3), line[1:].reshape(-1, 3), wide[:-1].ravel(), wide[1:].ravel(), feeds))
    return Branches.joined(parts)
