"""Stage *lung_segmentation*: a CT to its lungs."""

from __future__ import annotations

import numpy as np
import torch
from monai.inferers import Inferer
from numpy.typing import NDArray

from nodulescope.bundles.contracts import CTVolume, LungMask
from nodulescope.bundles.errors import InputError
from nodulescope.bundles.predictors.bundle import Bundle

SMALLEST_LUNGS_ML = 500.0
"""Less than this is no chest: adult lungs hold more than 1000 ml of gas even after breathing out (residual volume, ERS/ATS 2005)."""

LIGHTEST_TISSUE_HU = -400.0
"""Lungs are on the average lighter than this, even fibrotic ones; what is denser was mistaken for lungs."""


class LungPredictor:
    """Labels the lungs with a segmentation bundle whose labels are 1 (right) and 2 (left). One lung alone, as after surgery, is no error.

    Args:
        bundle: the opened bundle.
    """

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self.network = bundle.network()
        self.inferer: Inferer = bundle.component("inferer")

    def __call__(self, ct: CTVolume) -> LungMask:
        """The lungs on the CT's own grid.

        Raises:
            InputError: the CT shows no lungs.
        """
        item = self.bundle.preprocess(ct)
        with torch.inference_mode():
            logits = self.inferer(item["image"][None].to(self.bundle.device), self.network)[0]
        item["pred"] = logits
        labels = np.asarray(self.bundle.postprocess(item)["pred"].cpu())[0].astype(np.uint8)
        if ct.padding is not None:
            labels[ct.padding] = 0
        mask = LungMask(labels, ct.affine_lps, _fully_covered(labels, ct))
        where = ct.source.path or "the CT"
        if mask.volume_ml() < SMALLEST_LUNGS_ML:
            found = f"{mask.volume_ml():.0f} ml found, {SMALLEST_LUNGS_ML:.0f} needed"
            raise InputError(f"{where}: there are no lungs in this CT ({found}); give a chest CT")
        if float(ct.hu[labels > 0].mean()) > LIGHTEST_TISSUE_HU:
            raise InputError(f"{where}: there are no air-filled lungs in this CT; give a chest CT in Hounsfield units")
        return mask


def _fully_covered(labels: NDArray[np.uint8], ct: CTVolume) -> bool:
    """False where a lung's section on the first or last axial slice is larger than the tip of a lung (1 cm²)."""
    axis = int(np.argmax(np.abs(ct.affine_lps[2, :3])))
    planes = np.moveaxis(labels, axis, 0)
    pixel_cm2 = ct.voxel_volume_mm3 / ct.spacing_mm[axis] / 100.0
    return all(float(np.count_nonzero(plane)) * pixel_cm2 <= 1.0 for plane in (planes[0], planes[-1]))
