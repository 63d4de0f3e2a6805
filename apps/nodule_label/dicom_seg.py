"""Submitted label maps as DICOM Segmentation, written by dcmqi.

MONAI Label's own template calls every structure by one code, that of the spleen; lungs and nodules have their own here.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nodulescope.apps.nodule_label.submitted_labels import Kind, lung_values
from nodulescope.bundles.contracts import LEFT_LUNG, RIGHT_LUNG
from nodulescope.bundles.errors import InputError

_ANATOMY = ("123037004", "Anatomical Structure")
_ABNORMAL = ("49755003", "Morphologically Abnormal Structure")
_LUNG = ("39607008", "Lung")
_NODULE = ("27925004", "Nodule")
_SIDES = {RIGHT_LUNG: ("24028007", "Right"), LEFT_LUNG: ("7771000", "Left")}
"""SNOMED CT codes and their meanings; written out, for older versions of pydicom's dictionary know two codes of some of these names."""

PROGRAM = Path(sys.executable).with_name("itkimage2segimage")

SERIES_DESCRIPTION = {Kind.LUNGS: "Lungs, labelled by a reader", Kind.NODULES: "Nodules, labelled by a reader"}

_COLORS = {Kind.LUNGS: ((86, 180, 233), (0, 114, 178)), Kind.NODULES: ((213, 94, 0), (230, 159, 0), (204, 121, 167), (240, 228, 66))}
"""From a palette that colour-blind people tell apart (Okabe and Ito 2008)."""


def write_dicom_seg(label_map: Path, series: Path, kind: Kind, values: Sequence[int], names: Mapping[int, str], reader: str) -> Path:
    """Write a label map as a DICOM Segmentation object that refers to its series.

    Args:
        label_map: on the series' grid; holds at least one label.
        series: folder of the series' DICOM files.
        kind: lungs or nodules.
        values: the labels that the map holds.
        names: label value to name.
        reader: who labelled.

    Returns:
        A new file; whoever takes it removes it.

    Raises:
        InputError: dcmqi refuses them.
    """
    attributes = [_segment(kind, number, value, names, values) for number, value in enumerate(values)]
    description = {
        "ContentCreatorName": reader[:64],
        "SeriesDescription": SERIES_DESCRIPTION[kind],
        "SeriesNumber": "300",
        "InstanceNumber": "1",
        "ContentLabel": "SEGMENTATION",
        "ContentDescription": SERIES_DESCRIPTION[kind],
        "BodyPartExamined": "CHEST",
        "segmentAttributes": [attributes],
    }
    with tempfile.TemporaryDirectory() as folder:
        metadata = Path(folder) / "segments.json"
        metadata.write_text(json.dumps(description), encoding="utf-8")
        out = Path(tempfile.mkstemp(suffix=".dcm")[1])
        files = ("--inputImageList", str(label_map), "--inputDICOMDirectory", str(series), "--inputMetadata", str(metadata))
        done = subprocess.run([PROGRAM, *files, "--outputDICOM", str(out)], capture_output=True, text=True, check=False)
    if done.returncode or not out.stat().st_size:
        out.unlink(missing_ok=True)
        told = next((line for line in (done.stderr + done.stdout).splitlines() if "ERROR" in line.upper()), "it says nothing")
        raise InputError(f"the label cannot be written as DICOM Segmentation (dcmqi: {told.strip()[:160]}); check it against its series")
    return out


def _segment(kind: Kind, number: int, value: int, names: Mapping[int, str], values: Sequence[int]) -> dict[str, Any]:
    lungs = lung_values(names, set(values)) if kind is Kind.LUNGS else {}
    category = _ANATOMY if kind is Kind.LUNGS else _ABNORMAL
    segment: dict[str, Any] = {
        "labelID": value,
        "SegmentLabel": (names.get(value) or f"{kind} {value}")[:64],
        "SegmentAlgorithmType": "MANUAL",
        "SegmentedPropertyCategoryCodeSequence": _code(category),
        "SegmentedPropertyTypeCodeSequence": _code(_LUNG if kind is Kind.LUNGS else _NODULE),
        "recommendedDisplayRGBValue": list(_COLORS[kind][number % len(_COLORS[kind])]),
    }
    if kind is Kind.LUNGS:
        segment["SegmentedPropertyTypeModifierCodeSequence"] = _code(_SIDES[lungs[value]])
    else:
        segment["AnatomicRegionSequence"] = _code(_LUNG)
    return segment


def _code(code: tuple[str, str]) -> dict[str, str]:
    value, meaning = code
    return {"CodeValue": value, "CodingSchemeDesignator": "SCT", "CodeMeaning": meaning}
