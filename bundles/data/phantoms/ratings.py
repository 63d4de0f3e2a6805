"""Ratings of a phantom nodule on the LIDC scale, by a written rule.

The scale is LIDC-IDRI's (Armato et al., Med Phys 38, 2011): each 1 to 5, calcification 1 to 6.

The rule, with d the mean diameter in mm and sphericity, lobulation, spiculation the shape parameters from 0 to 1:

- sphericity  = 1 + 4 sphericity (5 round), less 0.5 on the pleura, which flattens a nodule
- lobulation  = 1 + 4 lobulation
- spiculation = 1 + 4 spiculation
- texture     = 5 solid and calcified, 3 part-solid, 1 ground-glass
- margin      = 5 (sharp) - 1.5 spiculation - 0.5 lobulation - (1.5 ground-glass, 1 part-solid)
- subtlety    = 5 (obvious) - 2 max(0, 1 - d/12) - (1.5 ground-glass, 0.5 part-solid) - (0.5 on a vessel or the pleura) + (0.5 calcified)
- calcification = 3 (solid) when calcified and below 10 mm, 5 (central) when calcified and larger, else 6 (absent)
- malignancy  = 1.5 + 2.4 s + 0.9 spiculation + 0.5 lobulation + (0.5 part-solid) - 0.5 (1 - spiculation) (1 - lobulation) sphericity,
  where s = log2(d / 4) / 3 cut to 0..1 is 0 up to 4 mm and 1 from 32 mm on; a calcified nodule is rated 1 + 0.1 of what exceeds 1.
  So malignancy rises with size, spiculation, lobulation and a part-solid texture, and falls with calcification and smooth roundness: the
  directions of the Brock model (McWilliams et al., N Engl J Med 369, 2013) and of the LIDC readers; the sizes of the steps are ours.

All are cut to the scale. :func:`reader_ratings` lets four readers round the rule's values after adding a little noise and averages them.
"""

from __future__ import annotations

import math

import numpy as np

from nodulescope.bundles.data.phantoms.nodule_spec import NoduleSpec

READERS = 4
"""Readers of an LIDC scan."""

READER_SD = 0.35
"""Standard deviation of one reader's opinion around the rule."""


def rule_ratings(spec: NoduleSpec, diameter_mm: float) -> dict[str, float]:
    """Ratings that follow from shape alone, by the rule above.

    Args:
        spec: the nodule's kind, shape parameters and place.
        diameter_mm: its mean diameter as measured.
    """
    part_solid, ground_glass = spec.kind == "part-solid", spec.kind == "ground-glass"
    calcified = spec.kind == "calcified"
    size = min(max(math.log2(diameter_mm / 4.0) / 3.0, 0.0), 1.0)
    smooth_round = (1 - spec.spiculation) * (1 - spec.lobulation) * spec.sphericity
    malignancy = 1.5 + 2.4 * size + 0.9 * spec.spiculation + 0.5 * spec.lobulation + 0.5 * part_solid - 0.5 * smooth_round
    if calcified:
        malignancy = 1 + 0.1 * max(malignancy - 1, 0.0)
    ratings = {
        "subtlety": 5
        - 2 * max(0.0, 1 - diameter_mm / 12.0)
        - 1.5 * ground_glass
        - 0.5 * part_solid
        - 0.5 * (spec.place != "isolated")
        + 0.5 * calcified,
        "sphericity": 1 + 4 * spec.sphericity - 0.5 * (spec.place == "pleura"),
        "margin": 5 - 1.5 * spec.spiculation - 0.5 * spec.lobulation - 1.5 * ground_glass - 1.0 * part_solid,
        "lobulation": 1 + 4 * spec.lobulation,
        "spiculation": 1 + 4 * spec.spiculation,
        "texture": 3.0 if part_solid else 1.0 if ground_glass else 5.0,
        "malignancy": malignancy,
    }
    out = {name: min(max(value, 1.0), 5.0) for name, value in ratings.items()}
    out["calcification"] = (3.0 if diameter_mm < 10 else 5.0) if calcified else 6.0
    return out


def reader_ratings(spec: NoduleSpec, diameter_mm: float, rng: np.random.Generator) -> dict[str, float]:
    """Mean ratings of four simulated readers, in quarters. Calcification, a category and no scale, is the rule's own value."""
    out: dict[str, float] = {}
    for name, value in rule_ratings(spec, diameter_mm).items():
        if name == "calcification":
            out[name] = value
            continue
        opinions = np.clip(np.rint(value + rng.normal(0.0, READER_SD, READERS)), 1, 5)
        out[name] = float(opinions.mean())
    return out
