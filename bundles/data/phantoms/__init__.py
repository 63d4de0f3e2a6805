"""Synthetic chest CTs with exact truth: for demonstrations, tests, and training without patients' data.

:func:`make_phantom` is the way in, :func:`make_phantom_pair` makes one patient twice; `bundles/data/docs/phantoms.md` describes the model.
"""

from nodulescope.bundles.data.phantoms.course import NoduleCourse
from nodulescope.bundles.data.phantoms.nodule_spec import NoduleSpec
from nodulescope.bundles.data.phantoms.pair import PhantomPair, make_phantom_pair
from nodulescope.bundles.data.phantoms.patient import Patient
from nodulescope.bundles.data.phantoms.phantom import make_phantom
from nodulescope.bundles.data.phantoms.posture import Motion, Posture
from nodulescope.bundles.data.phantoms.scan import PhantomNodule, PhantomScan
from nodulescope.bundles.data.phantoms.scanner import Scanner

__all__ = [
    "Motion",
    "NoduleCourse",
    "NoduleSpec",
    "Patient",
    "PhantomNodule",
    "PhantomPair",
    "PhantomScan",
    "Posture",
    "Scanner",
    "make_phantom",
    "make_phantom_pair",
]
