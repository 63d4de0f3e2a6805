"""Synthetic chest CTs with exact truth: for demonstrations, tests, and training without patients' data.

:func:`make_phantom` is the way in; `bundles/data/docs/phantoms.md` describes the model.
"""

from nodulescope.bundles.data.phantoms.nodule_spec import NoduleSpec
from nodulescope.bundles.data.phantoms.patient import Patient
from nodulescope.bundles.data.phantoms.phantom import make_phantom
from nodulescope.bundles.data.phantoms.scan import PhantomNodule, PhantomScan
from nodulescope.bundles.data.phantoms.scanner import Scanner

__all__ = ["NoduleSpec", "Patient", "PhantomNodule", "PhantomScan", "Scanner", "make_phantom"]
