"""A bundle on disk becomes a callable on a CT: found, verified, placed on a device, run.

The stages' contracts: *segmentation* (CT to labels on the CT's grid), *detection* (CT to candidates), *grading* (CT and centres to
ratings).
"""

from nodulescope.bundles.predictors.bundle import Bundle, open_bundle
from nodulescope.bundles.predictors.detection import DetectionPredictor
from nodulescope.bundles.predictors.device import choose_device
from nodulescope.bundles.predictors.grading import GradingPredictor
from nodulescope.bundles.predictors.lungs import LungPredictor
from nodulescope.bundles.predictors.outline import OutlinePredictor
from nodulescope.bundles.predictors.stages import STAGES, find_bundle

__all__ = [
    "STAGES",
    "Bundle",
    "DetectionPredictor",
    "GradingPredictor",
    "LungPredictor",
    "OutlinePredictor",
    "choose_device",
    "find_bundle",
    "open_bundle",
]
