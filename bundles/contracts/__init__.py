"""Values that cross the borders of rooms: frozen, typed, valid from their construction on."""

from nodulescope.bundles.contracts.candidate import Candidate
from nodulescope.bundles.contracts.ct_volume import CTSource, CTVolume
from nodulescope.bundles.contracts.grade import Grade
from nodulescope.bundles.contracts.lung_mask import LEFT_LUNG, RIGHT_LUNG, LungMask
from nodulescope.bundles.contracts.outline import Outline

__all__ = ["LEFT_LUNG", "RIGHT_LUNG", "CTSource", "CTVolume", "Candidate", "Grade", "LungMask", "Outline"]
