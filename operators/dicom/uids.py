"""UIDs of results that follow from what they were made of, so that a repeated run replaces its results rather than adding a second set."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable

import numpy as np
from pydicom.uid import UID, generate_uid

from nodulescope.bundles.contracts import CTVolume
from nodulescope.operators.examination.examination import Examination, ModelProvenance
from nodulescope.operators.examination.findings_json import examination_to_findings

_VARYING_KEYS = ("timings_s", "peak_memory_mb")
"""Findings that differ from run to run and say nothing about the patient."""


def derive_uid(*sources: str) -> UID:
    """Make a UID under pydicom's root that follows from its sources alone, in their order."""
    # The separator keeps ("ab", "c") and ("a", "bc") apart.
    return generate_uid(entropy_srcs=[f"{source}\0" for source in sources])


def input_identity(ct: CTVolume) -> str:
    """Name the input: its Series Instance UID, or for formats without one a hash of its voxels and grid."""
    if ct.source.series_instance_uid:
        return ct.source.series_instance_uid
    digest = hashlib.sha256(ct.affine_lps.tobytes())
    digest.update(ct.hu.tobytes())
    return digest.hexdigest()


def nodule_tracking_uid(ct: CTVolume, models: Iterable[ModelProvenance], center_lps_mm: tuple[float, float, float]) -> UID:
    """Make the Tracking UID of a nodule from the input, the models and its centre to a tenth of a millimetre.

    Args:
        ct: the input.
        models: provenance of every stage that ran.
        center_lps_mm: the nodule's centre, LPS mm.
    """
    place = ",".join(f"{coordinate:.1f}" for coordinate in center_lps_mm)
    return derive_uid("nodule", input_identity(ct), *_model_names(models), place)


def result_series_uid(exam: Examination, role: str) -> UID:
    """Make the Series Instance UID of one kind of result from the input series and the models.

    Args:
        exam: what was found.
        role: kind of result, for example ``segmentation``.
    """
    return derive_uid("series", role, input_identity(exam.ct), *_model_names(exam.models))


def result_instance_uid(exam: Examination, role: str, digest: str | None = None) -> UID:
    """Make the SOP Instance UID of one result from the input series, the models and the result itself.

    An object with other content must not carry the same SOP Instance UID (PS3.3 C.12.1), so what was found counts too: a run with other
    settings, or with a prior, gives another instance in the same series; a repeated run gives the same one.

    Args:
        exam: what was found.
        role: kind of result, for example ``segmentation``.
        digest: what stands for the result, by default :func:`results_digest` of the examination.
    """
    return derive_uid("instance", role, input_identity(exam.ct), *_model_names(exam.models), digest or results_digest(exam))


def results_digest(exam: Examination) -> str:
    """SHA-256 of everything that was found: the findings without run times, and both label maps."""
    findings = examination_to_findings(exam)
    stable = {key: value for key, value in findings.items() if key not in _VARYING_KEYS}
    digest = hashlib.sha256(json.dumps(stable, sort_keys=True).encode())
    for labels in (exam.nodule_labels, exam.lung_mask.labels):
        digest.update(np.ascontiguousarray(labels).data)  # C order, whatever the memory layout; no copy where it is so already
    return digest.hexdigest()


def _model_names(models: Iterable[ModelProvenance]) -> list[str]:
    """One text per stage that changes with its weights."""
    return [f"{m.stage}={m.bundle} {m.version} {m.sha256}" for m in models]
