"""A second round of training looks again at what the first one mistook for nodules."""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from monai.transforms import Compose, CropForegroundd, EnsureChannelFirstd, LoadImaged
from numpy.typing import NDArray

from nodulescope.bundles.coordinates import index_to_world, swap_ras_lps
from nodulescope.bundles.data.annotation_rules import PLEURA_MM
from nodulescope.bundles.data.datalist import read_datalist
from nodulescope.bundles.errors import InputError
from nodulescope.bundles.nodule_detection.batches import LUNG_MARGIN_MM
from nodulescope.bundles.nodule_detection.detector import NoduleDetector
from nodulescope.bundles.nodule_detection.inferer import DetectorInferer
from nodulescope.bundles.nodule_detection.patches import PLACE_CLASS
from nodulescope.bundles.preprocessing import CanonicalCTd
from nodulescope.bundles.training.checkpoints import load_weights

KEY = "hard_negatives"
"""Key of a datalist's item: centres of false positives, [[x, y, z], ...] in LPS mm."""

BESIDE_MM = 4.0
"""A finding this close to an annotated box, of whatever class, is no clear mistake: the distance between the detector's finest anchors."""

MOST_PER_SCAN = 50
"""The worst mistakes of a scan are enough: more would drown the other scans' in a poor first round."""

SAME_PLACE_MM = 5.0
"""Mistakes of an earlier round this close to a new one are the same."""

PLACE_EDGE_MM = 1.0
"""Edge of the box that stands for a place; only its centre is used."""

Places = list[list[float]]
_log = logging.getLogger(__name__)


def with_hard_negatives(items: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Items whose hard negatives stand among their boxes, as boxes of :data:`PLACE_CLASS`, where the patches are drawn."""
    merged = []
    for item in items:
        places: Places = item.get(KEY) or []
        boxes = [*item["box"], *([*place, *[PLACE_EDGE_MM] * 3] for place in places)]
        merged.append({**item, "box": boxes, "box_class": [*item["box_class"], *[PLACE_CLASS] * len(places)]})
    return merged


class HardNegativeHarvest:
    """Run a trained detector over a datalist's training scans and write a datalist that names its false positives.

    Iterating does the work, scan by scan, and yields the number of finished scans. An interrupted harvest goes on where it stopped, as
    long as weights, datalist and score are the same. Validation and test scans are copied as they are; no network looks at them.

    Args:
        datalist: the datalist, with a part ``training``; hard negatives that its items already have are kept.
        weights: of the trained detector.
        detector: whose network fits these weights.
        device: where it runs.
        output: the datalist to write; beside it a record of what was found with which score.
        score: false positives that the detector is less sure of are not worth another look.
        mixed_precision: bfloat16; None decides by the hardware.

    Raises:
        InputError: the datalist is missing or wrong, or has no parts.
        BundleError: the weights are missing or belong to another network.
    """

    def __init__(
        self,
        datalist: str,
        weights: str,
        detector: NoduleDetector,
        device: torch.device,
        output: str,
        score: float,
        mixed_precision: bool | None = None,
    ) -> None:
        self.datalist, self.weights, self.output = Path(datalist), Path(weights), Path(output)
        self.detector, self.device, self.score = detector, device, score
        self.inferer = DetectorInferer(detector, mixed_precision)
        self.items = read_datalist(datalist, "training")
        self.content = json.loads(self.datalist.read_text(encoding="utf-8"))
        if not isinstance(self.content, dict):
            remedy = "give one with training and validation"
            raise InputError(f"{self.datalist}: has no parts, so its training scans cannot be told from the others; {remedy}")

    def __len__(self) -> int:
        """Number of training scans."""
        return len(self.items)

    def __iter__(self) -> Iterator[int]:
        """Look at the scans that are still to be looked at, then write the datalist."""
        load_weights(self.detector.network, self.weights)
        record = self._begun_record()
        found: dict[str, Places] = record["found"]
        for number, (item, entry) in enumerate(zip(self.items, self.content["training"], strict=True), 1):
            if entry["image"] not in found:
                found[entry["image"]] = self.false_positives(item)
                _write_json(self._record_file, record)
            yield number
        self._write_datalist(found)

    def run(self) -> None:
        """Do all of it, and say in the log how far it is."""
        for number in self:
            _log.info("false positives on %d of %d training scans collected", number, len(self))
        _log.info("%s: written", self.output)

    def false_positives(self, item: Mapping[str, Any]) -> Places:
        """False positives in and at the lungs of one scan: [x, y, z, score] in LPS mm, the highest score first.

        Args:
            item: of a detection datalist, with absolute files.
        """
        scan: Any = _scan_transforms()({key: item[key] for key in ("image", "label")})
        with torch.inference_mode():
            answer = self.inferer([scan["image"].to(self.device)], self.detector.network.to(self.device).eval())[0]
        corners = answer["box"].float().cpu().numpy().astype(float).reshape(-1, 2, 3)
        scores = answer["box_class_scores"].float().cpu().numpy()
        centers, radii = corners.mean(axis=1), (corners[:, 1] - corners[:, 0]).mean(axis=1) / 2.0
        in_patient = index_to_world(swap_ras_lps(scan["image"].affine.numpy()), centers)
        lungs = np.asarray(scan["label"])[0] > 0
        places = [
            [*(round(float(v), 1) for v in where), round(float(score), 4)]
            for where, center, radius, score in zip(in_patient, centers, radii, scores, strict=True)
            if score >= self.score and not _beside_a_box(where, item["box"]) and _near(lungs, center, max(PLEURA_MM, float(radius)))
        ]
        return sorted(places, key=lambda place: -place[3])[:MOST_PER_SCAN]

    @property
    def _record_file(self) -> Path:
        return self.output.with_suffix(".harvest.json")

    def _begun_record(self) -> dict[str, Any]:
        made_with = {"weights_sha256": _sha256(self.weights), "datalist_sha256": _sha256(self.datalist), "score": self.score}
        if self._record_file.is_file():
            record: dict[str, Any] = json.loads(self._record_file.read_text(encoding="utf-8"))
            if record["made_with"] == made_with:
                return record
        return {"made_with": made_with, "found": {}}

    def _write_datalist(self, found: Mapping[str, Places]) -> None:
        parts = {
            part: [self._moved(entry) for entry in entries] if isinstance(entries, list) else entries
            for part, entries in self.content.items()
        }
        for moved, entry in zip(parts["training"], self.content["training"], strict=True):
            new = [place[:3] for place in found[entry["image"]]]
            moved[KEY] = [*new, *(old for old in entry.get(KEY, ()) if not _any_close(old, new))]
        _write_json(self.output, parts)

    def _moved(self, entry: Mapping[str, Any]) -> dict[str, Any]:
        """An item whose files are relative to the new datalist."""
        moved = {**entry, **{key: self._moved_file(entry[key]) for key in ("image", "label") if key in entry}}
        if "nodules" in entry:
            moved["nodules"] = [{**n, "outline": self._moved_file(n["outline"])} if n.get("outline") else n for n in entry["nodules"]]
        return moved

    def _moved_file(self, name: str) -> str:
        return os.path.relpath(self.datalist.parent.absolute() / name, self.output.parent.absolute())


def _scan_transforms() -> Compose:
    """The scan as the detector is trained on it, and its lungs."""
    return Compose(
        [
            LoadImaged(["image", "label"], image_only=True),
            EnsureChannelFirstd(["image", "label"]),
            CanonicalCTd("image", label_keys=["label"]),
            CropForegroundd(["image", "label"], source_key="label", margin=LUNG_MARGIN_MM, allow_smaller=True),
        ]
    )


def _beside_a_box(center: NDArray[np.float64], boxes: Sequence[Sequence[float]]) -> bool:
    return any((np.abs(center - box[:3]) <= np.asarray(box[3:]) / 2.0 + BESIDE_MM).all() for box in boxes)


def _near(lungs: NDArray[np.bool_], center: NDArray[np.float64], reach: float) -> bool:
    """Whether there is lung within ``reach`` voxels (of 1 mm) of a place."""
    low = np.clip(np.floor(center - reach), 0, lungs.shape).astype(int)
    high = np.clip(np.ceil(center + reach) + 1, 0, lungs.shape).astype(int)
    inside = np.argwhere(lungs[tuple(slice(a, b) for a, b in zip(low, high, strict=True))]) + low
    return bool((np.linalg.norm(inside - center, axis=1) <= reach).any())


def _any_close(place: Sequence[float], others: Places) -> bool:
    return any(float(np.linalg.norm(np.subtract(place, other))) <= SAME_PLACE_MM for other in others)


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _write_json(file: Path, content: Any) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    beside = file.with_suffix(file.suffix + ".part")
    beside.write_text(json.dumps(content, indent=1), encoding="utf-8")
    beside.replace(file)
