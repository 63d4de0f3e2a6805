"""MONAI's RetinaNet detector, made to train without torchvision and to leave doubtful findings alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from monai.apps.detection.networks.retinanet_detector import RetinaNetDetector
from monai.apps.detection.utils.anchor_utils import AnchorGeneratorWithAnchorShape
from monai.data.box_utils import box_iou
from torch import nn

from nodulescope.bundles.nodule_detection.box_classes import NODULE_CLASS
from nodulescope.bundles.nodule_detection.windows import OverlappingWindows

ANCHOR_EDGES_MM = (5.0, 7.5)
"""Edges of the anchor cubes on the finest level; doubled on each coarser one. MONAI rounds half an edge to whole voxels, so they are
cubes of 4, 8, 10, 16, 20 and 30 mm, which matches boxes from 3 to about 40 mm."""

NEAR_MM = 2.0
"""Anchors this close to a training box are neither right nor wrong unless the matcher chose them; half the finest anchor step."""


class NoduleDetector(RetinaNetDetector):
    """Finds nodules as boxes with scores; see ``RetinaNetDetector`` for calling it.

    Differences from the parent: anchors that are made for 1 mm CT; the ATSS matcher only (Zhang et al., CVPR 2020), so torchvision is not
    needed; and training boxes of :data:`IGNORED_CLASS` take the anchors inside them out of the loss.

    Args:
        network: a :class:`~nodulescope.bundles.nodule_detection.network.NoduleRetinaNet`.
        negatives: least number of background anchors that a training patch teaches; as many as it has positive ones, if those are more.
        negative_pool: they are drawn at random from this many times as many of the highest-scoring ones. Begin small: with the large pool
            of LUNA16's usual settings (20), or with the focal loss over all anchors, this network stayed at the base rate for hundreds of
            steps. Raise both once it finds nodules, to teach it what is none.
        window: edge in voxels of overlapping windows for use with little memory; None looks at a whole scan at once.
    """

    def __init__(self, network: nn.Module, negatives: int = 12, negative_pool: float = 4.0, window: int | None = None) -> None:
        anchors = AnchorGeneratorWithAnchorShape(feature_map_scales=(1, 2, 4), base_anchor_shapes=[(edge,) * 3 for edge in ANCHOR_EDGES_MM])
        super().__init__(network=network, anchor_generator=anchors)
        self.set_target_keys(box_key="box", label_key="box_class")
        self.set_atss_matcher(num_candidates=9, center_in_gt=True)
        self.set_hard_negative_sampler(batch_size_per_image=128, positive_fraction=0.5, pool_size=negative_pool, min_neg=negatives)
        self.set_box_selector_parameters(score_thresh=0.05, topk_candidates_per_level=1000, nms_thresh=0.15, detections_per_img=100)
        if window is not None:
            self.inferer = OverlappingWindows(window)

    def compute_anchor_matched_idxs(
        self, anchors: list[torch.Tensor], targets: list[dict[str, torch.Tensor]], num_anchor_locs_per_level: Sequence[int]
    ) -> list[torch.Tensor]:
        """Which box each anchor answers for: its index, -1 for background, -2 for anchors that do not count."""
        matched = []
        for own_anchors, target in zip(anchors, targets, strict=True):
            boxes, classes = target[self.target_box_key], target[self.target_label_key]
            wanted = torch.nonzero(classes == NODULE_CLASS).flatten()
            answer = torch.full(
                (len(own_anchors),), self.proposal_matcher.BELOW_LOW_THRESHOLD, dtype=torch.int64, device=own_anchors.device
            )
            if len(wanted):
                _, among_wanted = self.proposal_matcher(
                    boxes[wanted].to(own_anchors.device), own_anchors, num_anchor_locs_per_level, self.num_anchors_per_loc
                )
                answer = torch.where(among_wanted >= 0, wanted.to(own_anchors.device)[among_wanted.clamp(min=0)], among_wanted)
                # The matcher wants an anchor's centre inside the box. Six in ten boxes of 3 mm lie between all centres: the closest anchor
                # answers for them.
                for number in wanted.tolist():
                    if not (answer == number).any():
                        answer[box_iou(boxes[number : number + 1].to(own_anchors.device), own_anchors).argmax()] = number
            centers = (own_anchors[:, :3] + own_anchors[:, 3:]) / 2.0
            # Anchors at an ignored box do not count; nor do those at a nodule that the matcher passed over: they look at the same nodule,
            # calling them background would contradict their neighbours, and non-maximum suppression removes them anyway.
            for box in boxes.to(own_anchors.device):
                inside = ((centers >= box[:3] - NEAR_MM) & (centers <= box[3:] + NEAR_MM)).all(dim=1)
                answer[inside & (answer < 0)] = self.proposal_matcher.BETWEEN_THRESHOLDS
            matched.append(answer)
        return matched

    def loss(self, losses: Mapping[str, torch.Tensor], targets: object = None) -> torch.Tensor:
        """Sum of classification and box loss, as MONAI's trainers expect a loss function."""
        return losses[self.cls_key] + losses[self.box_reg_key]
