"""Boxes as 3D Slicer's markups: one region of interest per finding, in LPS mm."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nodulescope.bundles.errors import InputError

SCHEMA = "https://raw.githubusercontent.com/slicer/slicer/master/Modules/Loadable/Markups/Resources/Schema/markups-schema-v1.0.3.json#"
"""What Slicer writes at the head of a markups file; a name, nothing is fetched from there."""

_ALONG_LPS = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]


@dataclass(frozen=True)
class Box:
    """A box along the patient's axes.

    Attributes:
        center_lps_mm: its middle.
        size_mm: its edges along x, y and z.
        name: what Slicer shows beside it.
        description: more about it.
        score: the detector's, 0 to 1; None where a person drew the box.
    """

    center_lps_mm: tuple[float, float, float]
    size_mm: tuple[float, float, float]
    name: str = ""
    description: str = ""
    score: float | None = None


def boxes_to_markups(boxes: Sequence[Box]) -> dict[str, Any]:
    """The content of a ``.mrk.json`` file that Slicer loads as one region of interest per box.

    Each carries its score as a measurement, and name and description at its control point: Slicer's MONAI Label module renames the regions.
    """
    return {"@schema": SCHEMA, "markups": [_region(box) for box in boxes]}


def read_markups(path: Path) -> tuple[Box, ...]:
    """Boxes that a person drew or corrected in Slicer.

    Raises:
        InputError: not a file of markups, or one of them is no box along the patient's axes.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        regions = content["markups"]
        return tuple(_box(region, number, path) for number, region in enumerate(regions, 1))
    except InputError:
        raise
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path.name}: not Slicer markups with regions of interest; save the regions in Slicer as JSON") from error


def _region(box: Box) -> dict[str, Any]:
    measurements = [] if box.score is None else [{"name": "score", "enabled": True, "value": box.score, "printFormat": "%5.3f"}]
    point = {
        "id": "1",
        "label": box.name,
        "description": box.description,
        "associatedNodeID": "",
        "position": list(box.center_lps_mm),
        "orientation": _ALONG_LPS,
        "selected": True,
        "locked": False,
        "visibility": True,
        "positionStatus": "defined",
    }
    return {
        "type": "ROI",
        "name": box.name,
        "coordinateSystem": "LPS",
        "coordinateUnits": "mm",
        "locked": False,
        "labelFormat": "%N",
        "roiType": "Box",
        "center": list(box.center_lps_mm),
        "orientation": _ALONG_LPS,
        "size": list(box.size_mm),
        "insideOut": False,
        "controlPoints": [point],
        "measurements": measurements,
    }


def _box(region: Mapping[str, Any], number: int, path: Path) -> Box:
    if region.get("type", "ROI") != "ROI" or region.get("roiType", "Box") not in ("Box", "BoundingBox"):
        raise InputError(f"{path.name}: markup {number} is a {region.get('type')}; only box-shaped regions of interest are labels")
    axes = region.get("orientation", _ALONG_LPS)
    if any(min(abs(value), abs(abs(value) - 1.0)) > 1e-3 for value in axes):
        raise InputError(f"{path.name}: region {number} is turned; boxes lie along the patient's axes, so set its rotation back")
    sign = {"LPS": 1.0, "RAS": -1.0}[region.get("coordinateSystem", "LPS")]
    x, y, z = (float(value) for value in region["center"])
    size = [float(value) for value in region["size"]]
    # The region's own axes may be swapped against the patient's.
    w, d, h = (max(abs(axes[3 * row + column]) * size[column] for column in range(3)) for row in range(3))
    if not all(math.isfinite(value) for value in (x, y, z)) or not all(math.isfinite(edge) and edge > 0 for edge in (w, d, h)):
        raise InputError(f"{path.name}: region {number} has no extent or no place; draw it again")
    return Box((sign * x, sign * y, z), (w, d, h), str(region.get("name", "")))
