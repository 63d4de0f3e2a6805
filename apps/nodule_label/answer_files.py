"""An answer as the file that a client asked for."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk  # noqa: N813 - the name that its own documentation uses
from numpy.typing import NDArray

from nodulescope.apps.nodule_label.answer import Answer
from nodulescope.apps.nodule_label.markups import Box, boxes_to_markups
from nodulescope.bundles.contracts import CTVolume
from nodulescope.bundles.coordinates import spacing_of, world_to_index
from nodulescope.bundles.preprocessing.research_formats import FORMATS

LABEL_MAP = ".nii.gz"


def write_answer(answer: Answer, ct: CTVolume, request: Mapping[str, Any]) -> Path:
    """Write an answer; whoever takes the file removes it.

    Args:
        answer: labels or boxes.
        ct: whose grid labels have.
        request: ``result_extension`` names the ending of a label map, as OHIF does; boxes then are painted into one, for a viewer that
            knows no markups.
    """
    ending = str(request.get("result_extension") or "")
    if answer.boxes is not None and ending not in FORMATS:
        file = _temporary(".json")
        file.write_text(json.dumps(boxes_to_markups(answer.boxes), indent=1), encoding="utf-8")
        return file
    labels = answer.labels if answer.labels is not None else painted_boxes(answer.boxes or (), ct)
    file = _temporary(ending if ending in FORMATS else LABEL_MAP)
    write_label_map(labels, ct.affine_lps, file)
    return file


def write_label_map(labels: NDArray[Any], affine_lps: NDArray[np.float64], file: Path) -> None:
    """Write labels (ni, nj, nk) in the format of the file's ending."""
    # ITK's arrays are (k, j, i), and its physical space is LPS mm.
    image: Any = sitk.GetImageFromArray(np.ascontiguousarray(labels.T.astype(np.uint8)))
    spacing = spacing_of(affine_lps)
    image.SetSpacing(spacing)
    image.SetOrigin(affine_lps[:3, 3].tolist())
    image.SetDirection((affine_lps[:3, :3] / np.asarray(spacing)).ravel().tolist())
    sitk.WriteImage(image, str(file), useCompression=True)


def painted_boxes(boxes: tuple[Box, ...], ct: CTVolume) -> NDArray[np.uint8]:
    """Boxes as labels 1, 2, 3 ... on the CT's grid."""
    labels = np.zeros(ct.shape, np.uint8)
    for number, box in enumerate(boxes, 1):
        half = np.asarray(box.size_mm) / 2.0
        corners = np.array(np.meshgrid(*[(-1.0, 1.0)] * 3)).reshape(3, -1).T * half + box.center_lps_mm
        index = world_to_index(ct.affine_lps, corners)
        low = np.clip(np.ceil(index.min(axis=0)).astype(int), 0, np.asarray(ct.shape) - 1)
        high = np.clip(np.floor(index.max(axis=0)).astype(int) + 1, low + 1, ct.shape)
        labels[tuple(slice(a, b) for a, b in zip(low, high, strict=True))] = number
    return labels


def _temporary(ending: str) -> Path:
    handle, name = tempfile.mkstemp(suffix=ending)
    os.close(handle)
    return Path(name)
