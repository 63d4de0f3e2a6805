"""One loss for all heads, in which every reader has a voice."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits, smooth_l1_loss

from nodulescope.bundles.nodule_grading.ratings import reader_targets, scaled_ratings


class RatingsLoss(nn.Module):
    """Sum of the heads' losses; a head without a rating for a cube adds nothing.

    Cubes that are no nodule train only the nodule head. Each reader's rating counts by itself, so that the network learns the mean opinion
    and an undecided reader pulls to the middle.

    Args:
        malignancy_weight: weight of the malignancy regression, the rating that decides.
        attribute_weight: weight of each other scaled rating; they shape the features.
    """

    def __init__(self, malignancy_weight: float = 1.0, attribute_weight: float = 0.15) -> None:
        super().__init__()
        self.malignancy_weight = malignancy_weight
        self.attribute_weight = attribute_weight

    def forward(self, answers: torch.Tensor, target: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """Loss of a batch.

        Args:
            answers: raw answers, shape (batch, heads, 1, 1, 1).
            target: ``nodule`` (batch,): 1 or 0; ``ratings`` (batch, readers, len(READER_RATINGS)): NaN where there is none.
        """
        flat = answers.float().flatten(1)
        malignant, calcified, scaled = reader_targets(target["ratings"].to(flat))
        predicted = scaled_ratings(flat)[:, None].expand_as(scaled)
        scaled_loss = _mean_known(smooth_l1_loss(predicted, scaled.nan_to_num(), reduction="none", beta=0.5), scaled, axes=(0, 1))
        return (
            binary_cross_entropy_with_logits(flat[:, 0], target["nodule"].to(flat).flatten())
            + self.malignancy_weight * (_mean_known(_cross_entropy(flat[:, 1], malignant), malignant) + scaled_loss[0])
            + self.attribute_weight * (_mean_known(_cross_entropy(flat[:, 2], calcified), calcified) + scaled_loss[1:].sum())
        )


def _cross_entropy(logit: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    return binary_cross_entropy_with_logits(logit[:, None].expand_as(target), target.nan_to_num(), reduction="none")


def _mean_known(loss: torch.Tensor, target: torch.Tensor, axes: tuple[int, ...] = (0, 1)) -> torch.Tensor:
    known = ~target.isnan()
    return (loss * known).sum(axes) / known.sum(axes).clamp(min=1)
