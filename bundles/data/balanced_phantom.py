"""Phantoms in which every kind and size of nodule is as frequent as the others, for networks that are to outline all of them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TypeVar

import numpy as np

from nodulescope.bundles.data.phantoms import PhantomScan, make_phantom
from nodulescope.bundles.data.phantoms.nodule_spec import Kind, NoduleSpec, Place
from nodulescope.bundles.data.phantoms.scanner import training_scanner

SIZES_MM = ((3.5, 6.0, 3), (6.0, 8.0, 5), (8.0, 15.0, 6), (15.0, 30.0, 4))
"""Range of mean diameters, and nodules of that range in each scan. Patients have mostly small solid ones, and a network that has seen faint
nodules rarely leaves out their rims."""

KINDS: Mapping[Kind, float] = {"solid": 0.35, "part-solid": 0.25, "ground-glass": 0.25, "calcified": 0.15}
PLACES: Mapping[Place, float] = {"isolated": 0.4, "vessel": 0.25, "pleura": 0.35}

Name = TypeVar("Name", bound=str)


def balanced_phantom(seed: int) -> PhantomScan:
    """A phantom at 1 mm with 18 nodules, scanned as one of the common scanners would."""
    rng = np.random.default_rng([seed, 41])
    nodules = balanced_nodules(rng)
    return make_phantom(seed, scanner=training_scanner(rng), nodules=nodules)


def balanced_nodules(rng: np.random.Generator) -> tuple[NoduleSpec, ...]:
    """Draw the nodules of one scan, the small ones first."""
    return tuple(_nodule(rng, low, high) for low, high, number in SIZES_MM for _ in range(number))


def _nodule(rng: np.random.Generator, low: float, high: float) -> NoduleSpec:
    kind = _one_of(KINDS, rng)
    rough = kind != "calcified" and rng.random() < 0.4
    return NoduleSpec(
        kind,
        round(math.exp(rng.uniform(math.log(low), math.log(high))), 2),
        sphericity=float(rng.beta(4.0, 1.8)),
        lobulation=float(rng.uniform(0.3, 1.0) if rough else rng.uniform(0.0, 0.25)),
        spiculation=float(rng.uniform(0.2, 1.0) if rough and rng.random() < 0.5 else 0.0),
        place=_one_of(PLACES, rng),
    )


def _one_of(shares: Mapping[Name, float], rng: np.random.Generator) -> Name:
    return list(shares)[int(rng.choice(len(shares), p=list(shares.values())))]
