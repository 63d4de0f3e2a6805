"""What the detector found in the scans of a datalist, beside the boxes that the datalist gives them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nodulescope.bundles.data.datalist import read_datalist
from nodulescope.bundles.data.inference_items import read_scans
from nodulescope.bundles.errors import InputError
from nodulescope.bundles.metrics.froc import ScanMarks
from nodulescope.bundles.nodule_detection.scan_marks import Balls, scan_marks


def read_detected_scans(datalist: Path, part: str, detections: Path) -> tuple[ScanMarks, ...]:
    """Truth and marks of each scan of a datalist's part, in its order.

    Args:
        datalist: MONAI datalist with ``box`` (cccwhd, LPS mm) and ``box_class``; a plain list of items is every part.
        part: ``training``, ``validation`` or ``test``.
        detections: folder into which the bundle's ``inference.yaml`` wrote ``<name>_detections.json`` of the same part.

    Returns:
        One per scan, in LPS mm; a diameter is the mean of a box's three edges. Boxes to be ignored are excluded findings.

    Raises:
        InputError: a scan has no boxes, no file of detections, one of another image, or one that cannot be read; or no scan has a nodule.
    """
    scans = []
    for scan, item in zip(read_scans(datalist, part), read_datalist(datalist, part, file_keys=["image"]), strict=True):
        if "box" not in item or "box_class" not in item:
            raise InputError(f"{datalist}: {scan['image']} has no box and box_class; use a datalist for detection")
        marks, scores = _detections(detections / f"{scan['name']}_detections.json", Path(scan["source"]).name)
        scans.append(scan_marks(marks, scores, _balls(item["box"]), item["box_class"]))
    if not any(len(scan.nodule_centers) for scan in scans):
        raise InputError(f"{datalist}: no scan of {part} has a nodule, so there is no sensitivity; use another part")
    return tuple(scans)


def _detections(file: Path, image: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if not file.is_file():
        raise InputError(f"{file}: there is no such file; run the bundle's inference.yaml on this part of the datalist first")
    try:
        found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        of, (centers, _) = Path(found["source"]).name, _balls(found["box"])
        scores = np.asarray(found["box_class_scores"], dtype=np.float64)
        if scores.shape != (len(centers),):
            raise ValueError("as many scores as boxes are needed")
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{file}: no detections of the bundle's inference.yaml ({error}); write it again") from error
    if of != image:
        raise InputError(f"{file}: tells what was found in {of}, not in {image}; give the folder of this datalist's detections")
    return centers, scores


def _balls(boxes: list[list[float]]) -> Balls:
    values = np.asarray(boxes, dtype=np.float64).reshape(-1, 6)
    return values[:, :3], values[:, 3:].mean(axis=1)
