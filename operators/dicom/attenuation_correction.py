"""CT series made to correct PET images for attenuation: free breathing, low dose, thick, and second best for nodules."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import EnhancedPETImageStorage, LegacyConvertedEnhancedPETImageStorage, PositronEmissionTomographyImageStorage

from nodulescope.operators.dicom.series_geometry import SliceStack

PET = (PositronEmissionTomographyImageStorage, EnhancedPETImageStorage, LegacyConvertedEnhancedPETImageStorage)

_NAMED = re.compile(r"CT[ _-]?AC(?![A-Z])|(?<![A-Z])AC[ _-]?CT|ATT?EN\w*[ _-]*CORR", re.IGNORECASE)
"""What names such a series wherever it stands (CTAC, CT AC, AC CT, attenuation correction)."""

_NAMED_BESIDE_PET = re.compile(r"(?<![A-Z])M?AC(?![A-Z])", re.IGNORECASE)
"""A lone AC is believed only where the study holds PET: elsewhere it may be a joint of the shoulder."""

SAME_PLACE_MM = 0.5
"""Slices of CT and PET that lie this close were reconstructed for each other."""

SHARED = 0.9
"""Share of a series' slices that lie on PET slices before it counts as made for them: PET may cover a little less."""


def corrects_attenuation(stack: SliceStack, others: Sequence[Dataset]) -> bool:
    """Whether a CT series was made to correct PET: by its name, or because its slices lie on those of PET images.

    Args:
        stack: the CT's slices.
        others: headers of the study that are no CT.
    """
    header = stack.slices[0].header
    text = " ".join(str(header.get(keyword) or "") for keyword in ("SeriesDescription", "ProtocolName"))
    if _NAMED.search(text):
        return True
    pet = [other for other in others if other.SOPClassUID in PET]
    return bool(pet) and (_NAMED_BESIDE_PET.search(text) is not None or _lies_on(stack, pet))


def _lies_on(stack: SliceStack, pet: Sequence[Dataset]) -> bool:
    """Whether nearly every slice of a CT has a PET slice at its place, in the same frame of reference."""
    frame = stack.slices[0].header.get("FrameOfReferenceUID")
    normal = stack.slices[0].normal
    images = [other for other in pet if frame and other.get("FrameOfReferenceUID") == frame and other.get("ImagePositionPatient")]
    if not images:
        return False
    places = np.array([float(normal @ [float(v) for v in other.ImagePositionPatient]) for other in images])
    at = np.array([float(normal @ one.position) for one in stack.slices])
    near = np.abs(at[:, None] - places[None, :]).min(axis=1) <= SAME_PLACE_MM
    return bool(near.mean() >= SHARED)
