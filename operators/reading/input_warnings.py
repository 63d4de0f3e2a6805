"""What makes a CT less certain to read than a thin, unenhanced, whole scan of the chest."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from nodulescope.bundles.contracts import CTVolume
from nodulescope.operators.dicom.series_geometry import SliceStack
from nodulescope.operators.dicom.series_ranking import CHEST_WORDS, slice_thickness_mm
from nodulescope.operators.reading.contrast_agent import agent_named, bright_blood_hu

THICK_MM = 2.5
"""Thicker slices are thick: lung cancer screening allows 2.5 mm at most and prefers 1 mm (ACR-STR practice parameter for low-dose chest
CT)."""

SAME_MM = 0.01
"""Rounding of a thickness."""

TILT_SHOWN_DEG = 1.0
"""A gantry tilt in the header that large must show in the slices' positions or orientation."""

BODY_PART_UNKNOWN = "The header does not say which part of the body was scanned (Body Part Examined)."
AGENT_NAMED = "The scan was made with contrast agent, as its header says: vessels and enhancing nodules are denser than without."


def dicom_warnings(stack: SliceStack, hu: NDArray[np.float32]) -> tuple[str, ...]:
    """Warnings on a DICOM series.

    Args:
        stack: its slices.
        hu: its Hounsfield units on the stack's grid, padding replaced.
    """
    first = stack.slices[0]
    warnings = [*_body_part(first.header), *_tilt(stack), *_thick(max(stack.spacing_mm, slice_thickness_mm(stack) or 0.0))]
    warnings += [AGENT_NAMED] if agent_named(first.header) else _bright_blood(hu, stack.affine_lps)
    return tuple(warnings)


def research_warnings(ct: CTVolume) -> tuple[str, ...]:
    """Warnings on a CT without a header that tells of the scan."""
    return (*_thick(max(ct.spacing_mm)), *_bright_blood(ct.hu, ct.affine_lps))


def _body_part(header: Dataset) -> list[str]:
    """The header names no part of the body, or another than the chest. Only a plain word is repeated: free text may name people."""
    part = _anatomy(header).strip().upper()
    if not part:
        return [BODY_PART_UNKNOWN]
    if any(word in part for word in CHEST_WORDS):
        return []
    return [f"The header names another part of the body than the chest ({part if part.isalpha() else 'Body Part Examined'})."]


def _anatomy(header: Dataset) -> str:
    """Body Part Examined, or where it is empty the meaning of the coded region, of an enhanced image that of its frames."""
    groups = [header, *(header.get("SharedFunctionalGroupsSequence") or []), *(header.get("PerFrameFunctionalGroupsSequence") or [])[:1]]
    for group in groups:
        for holder in (group, *(group.get("FrameAnatomySequence") or [])):
            regions = holder.get("AnatomicRegionSequence") or []
            text = str(holder.get("BodyPartExamined") or (regions[0].get("CodeMeaning") if regions else "") or "")
            if text:
                return text
    return ""


def _tilt(stack: SliceStack) -> list[str]:
    """The gantry was tilted, or the header says so and the geometry does not."""
    if stack.offsets_px is not None:
        return [f"The gantry was tilted by {stack.tilt_deg:.1f} degrees: the slices were shifted onto an upright grid."]
    first = stack.slices[0]
    try:
        stated = abs(float(first.header.get("GantryDetectorTilt") or 0))
    except (TypeError, ValueError):
        return []
    upright = abs(float(first.normal[2])) > np.cos(np.radians(TILT_SHOWN_DEG))
    if stated > TILT_SHOWN_DEG and upright:
        return [f"The header gives a gantry tilt of {stated:.1f} degrees that the positions do not show; the positions were believed."]
    return []


def _thick(thickness_mm: float) -> list[str]:
    """Slices are thicker than :data:`THICK_MM`."""
    if thickness_mm <= THICK_MM + SAME_MM:
        return []
    return [
        f"The slices are {thickness_mm:.3g} mm thick (more than {THICK_MM:g} mm): small nodules may be missed, and sizes are less certain."
    ]


def _bright_blood(hu: NDArray[np.float32], affine_lps: NDArray[np.float64]) -> list[str]:
    """Heart or great vessels look as with contrast agent."""
    blood = bright_blood_hu(hu, affine_lps)
    if blood is None:
        return []
    return [
        f"Heart and great vessels are as bright as with contrast agent ({blood:.0f} HU), but no header names one: nodules may look denser."
    ]
