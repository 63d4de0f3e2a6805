"""What the heads of the grading network mean, and how radiologists' ratings become their targets."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from nodulescope.bundles.contracts import Grade

READER_RATINGS = ("malignancy", "subtlety", "sphericity", "margin", "lobulation", "spiculation", "texture", "calcification")
"""Order of one reader's ratings in a datalist; each 1..5, calcification 1..6 where 6 means absent (LIDC-IDRI, Armato et al., Med Phys 38,
2011)."""

SCALED = READER_RATINGS[:-1]
"""Ratings on the scale from 1 to 5: one head each."""

HEADS = ("nodule", "malignant", "calcified", *SCALED)
"""Channel order of the network's answers: three logits, then the scaled ratings."""

UNDECIDED = 3.0
"""The middle of the malignancy scale: neither for nor against."""

CALCIFICATION_ABSENT = 6.0


def scaled_ratings(answers: torch.Tensor) -> torch.Tensor:
    """Ratings 1..5 from raw answers: shape (batch, heads, ...) to (batch, len(SCALED), ...). Bounded, so never off the scale."""
    return 1.0 + 4.0 * torch.sigmoid(answers[:, len(HEADS) - len(SCALED) :])


def reader_targets(ratings: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Each reader's ratings as targets.

    Args:
        ratings: shape (batch, readers, len(READER_RATINGS)); NaN where a reader gave none.

    Returns:
        ``malignant`` (batch, readers): 1 above 3, 0 below, 0.5 at 3; ``calcified`` (batch, readers): 1 or 0; ``scaled``
        (batch, readers, len(SCALED)). NaN stays NaN.
    """
    malignancy, calcification = ratings[..., 0], ratings[..., -1]
    malignant = torch.where(malignancy.isnan(), malignancy, 0.5 + 0.5 * torch.sign(malignancy - UNDECIDED))
    calcified = torch.where(calcification.isnan(), calcification, (calcification < CALCIFICATION_ABSENT).to(ratings.dtype))
    return malignant, calcified, ratings[..., :-1]


def pack_ratings(readers: Sequence[Sequence[float | None]], most_readers: int = 4) -> torch.Tensor:
    """A datalist's ratings, one row per reader, as a tensor (most_readers, len(READER_RATINGS)) filled up with NaN."""
    packed = torch.full((most_readers, len(READER_RATINGS)), float("nan"))
    for row, reader in enumerate(readers[:most_readers]):
        packed[row] = torch.tensor([float("nan") if value is None else float(value) for value in reader])
    return packed


def to_grade(answers: torch.Tensor) -> Grade:
    """One place's raw answers, shape (heads,), as a :class:`Grade`."""
    flat = answers.float().reshape(1, -1)
    nodule, malignant, calcified = torch.sigmoid(flat[0, :3]).tolist()
    named = dict(zip(SCALED, scaled_ratings(flat)[0].tolist(), strict=True))
    malignancy = named.pop("malignancy")
    return Grade(
        probability=nodule, malignancy=malignancy, malignancy_probability=malignant, attributes={**named, "calcification": calcified}
    )
