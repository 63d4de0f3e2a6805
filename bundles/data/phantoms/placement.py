"""Where in the lungs nodules lie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nodulescope.bundles.data.phantoms.branching import Branches
from nodulescope.bundles.data.phantoms.grid import Field, Grid, sample
from nodulescope.bundles.data.phantoms.nodule_spec import Place
from nodulescope.bundles.errors import InputError

PLEURAL_DEPTH = 0.55
"""Depth of the centre of a pleural nodule below the pleura, relative to its radius: the rest is flattened against the wall."""

GAP_MM = 6.0
"""Least distance between the surfaces of two nodules."""

DRAWS = 400
"""Random positions that are tried."""


@dataclass(frozen=True)
class Site:
    """A position: LPS mm, and the place that it is in fact."""

    centre_mm: NDArray[np.float64]
    reach_mm: float
    place: Place


class Placer:
    """Finds sites for nodules, one after the other, so that they do not touch.

    Args:
        grid: the coarse grid.
        lung: signed distance to the lungs on it, negative inside.
        cage: signed distance to the inside of the chest wall.
        vessels: arteries and veins.
        rng: draws positions.
    """

    def __init__(self, grid: Grid, lung: Field, cage: Field, vessels: Branches, rng: np.random.Generator) -> None:
        self._grid, self._lung, self._cage, self._vessels, self._rng = grid, lung, cage, vessels, rng
        self._taken: list[Site] = []

    def find(self, place: Place, radius_mm: float, reach_mm: float) -> Site:
        """A free site.

        A nodule too large for a place inside the lung lies on the pleura instead, and its site says so.

        Args:
            place: where it should lie.
            radius_mm: its mean radius.
            reach_mm: its largest radius, spicules included.

        Raises:
            InputError: the lungs have no room for it.
        """
        order: Sequence[Place] = (
            (place,) if place == "pleura" else (place, "isolated", "pleura") if place == "vessel" else (place, "pleura")
        )
        for option in order:
            centres = {"isolated": self._inside, "vessel": self._on_vessels, "pleura": self._on_pleura}[option](radius_mm, reach_mm)
            for centre in centres:
                site = Site(centre, reach_mm, option)
                if all(np.linalg.norm(centre - t.centre_mm) > reach_mm + t.reach_mm + GAP_MM for t in self._taken):
                    self._taken.append(site)
                    return site
        raise InputError(f"the phantom's lungs have no room for another nodule of {2 * radius_mm:.0f} mm; ask for fewer or smaller ones")

    def _spots(self, mask: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Random positions in a mask on the coarse grid, LPS mm, shape (n, 3)."""
        hits = np.flatnonzero(mask)
        if not len(hits):
            return np.zeros((0, 3))
        k, j, i = np.unravel_index(hits[self._rng.integers(0, len(hits), DRAWS)], mask.shape)
        spots = np.stack([i, j, k], axis=-1) + self._rng.uniform(-0.5, 0.5, (DRAWS, 3))
        return np.asarray(np.array(self._grid.origin_mm) + spots * self._grid.spacing_mm)

    def _inside(self, radius_mm: float, reach_mm: float) -> NDArray[np.float64]:
        """Positions away from pleura and from vessels that a reader would see it join; the clearest first."""
        spots = self._spots(self._lung < -(reach_mm + 2.5))
        spots = spots[sample(self._lung, self._grid, spots) < -(reach_mm + 2.0)] if len(spots) else spots
        if not len(spots):
            return spots
        wide = self._vessels.start_radius > 0.9
        middle = (self._vessels.start[wide] + self._vessels.end[wide]) / 2
        if not len(middle):
            return spots
        gap = np.sqrt(((spots[:60, None] - middle[None]) ** 2).sum(axis=-1)).min(axis=1) - radius_mm
        clear = np.flatnonzero(gap > 2.5)
        rest = np.argsort(-gap, kind="stable")
        return np.concatenate([spots[:60][clear], spots[:60][rest], spots[60:]])

    def _on_vessels(self, radius_mm: float, reach_mm: float) -> NDArray[np.float64]:
        """Positions beside vessels of 1.6 to 5 mm."""
        v = self._vessels
        fit = np.flatnonzero((v.end_radius > 0.8) & (v.start_radius < 2.5))
        if not len(fit):
            return np.zeros((0, 3))
        chosen = fit[self._rng.integers(0, len(fit), DRAWS)]
        along = v.end[chosen] - v.start[chosen]
        side = np.cross(along, self._rng.normal(size=along.shape))
        side /= np.linalg.norm(side, axis=1, keepdims=True) + 1e-9
        spots = (v.start[chosen] + v.end[chosen]) / 2 + side * (0.85 * radius_mm + 0.3 * v.end_radius[chosen])[:, None]
        return np.asarray(spots[sample(self._lung, self._grid, spots) < -(reach_mm + 1.0)])

    def _on_pleura(self, radius_mm: float, reach_mm: float) -> NDArray[np.float64]:
        """Positions just below the costal pleura."""
        depth = PLEURAL_DEPTH * radius_mm
        band = 1.2 * max(self._grid.spacing_mm)
        spots = self._spots((np.abs(self._lung + np.float32(depth)) < band) & (np.abs(self._cage - self._lung) < 2.0))
        if not len(spots):
            return spots
        at = sample(self._lung, self._grid, spots)
        return spots[(at < -0.35 * radius_mm) & (at > -0.75 * radius_mm)]
