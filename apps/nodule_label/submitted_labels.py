"""Labels as readers submitted them: what each of them marked in each study."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from urllib.parse import quote, unquote

import numpy as np

from nodulescope.apps.nodule_label.markups import read_markups
from nodulescope.bundles.contracts import LEFT_LUNG, RIGHT_LUNG
from nodulescope.bundles.data.annotation_check.volume import Volume, read_volume
from nodulescope.bundles.data.scan_cache import write_json
from nodulescope.bundles.errors import InputError

LARGEST_NODULES_ML = 500.0
"""More than all nodules and masses of a patient together, and less than one lung: a label map beyond it shows something else."""

MOST_LABELS = 255
"""Label maps are kept as uint8."""

UNNAMED_READER = "reader"


class Kind(StrEnum):
    """What a label shows."""

    LUNGS = "lungs"
    """A label map: the right and the left lung."""

    NODULES = "nodules"
    """A label map: one value per nodule, or one for all of them."""

    BOXES = "boxes"
    """Slicer markups: one region of interest per nodule."""


@dataclass(frozen=True)
class SubmittedLabel:
    """One reader's label of one kind.

    Attributes:
        study: the image's id.
        kind: what it shows.
        reader: who submitted it, by the name of the client.
        file: as it was submitted.
        names: label value to name, as the client had it.
        ratings: label value (of boxes: their number, from 1) to the reader's ratings by name.
        not_nodules: points in LPS mm that the reader says are no nodules.
        patient: whom the study shows, where the studies' source tells; else the study's id.
        at_s: when it came, in seconds since 1970.
    """

    study: str
    kind: Kind
    reader: str
    file: Path
    names: Mapping[int, str] = field(default_factory=dict)
    ratings: Mapping[int, Mapping[str, float]] = field(default_factory=dict)
    not_nodules: tuple[tuple[float, float, float], ...] = ()
    patient: str = ""
    at_s: float = 0.0


class SubmittedLabels:
    """All of them, in a folder: ``STUDY/KIND/READER.nii.gz`` (or another ending) with ``READER.info``, which is JSON, beside it.

    Args:
        root: made when the first label comes.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def add(self, label: SubmittedLabel) -> SubmittedLabel:
        """Keep a label; it replaces the same reader's earlier one of this kind.

        Args:
            label: its ``file`` is copied from where it is.
        """
        folder = self.root / quote(label.study, safe="") / label.kind
        folder.mkdir(parents=True, exist_ok=True)
        stem = quote(label.reader, safe="")
        for earlier in folder.glob(f"{stem}.*"):
            earlier.unlink()
        kept = folder / f"{stem}{_ending(label.file)}"
        shutil.copyfile(label.file, kept)
        info = {
            "file": kept.name,
            "names": label.names,
            "ratings": label.ratings,
            "not_nodules": label.not_nodules,
            "patient": label.patient or label.study,
            "at_s": label.at_s or time.time(),
        }
        write_json(info, folder / f"{stem}.info")
        return self._read(label.study, label.kind, folder / f"{stem}.info")

    def studies(self) -> tuple[str, ...]:
        """Every study with a label."""
        return tuple(sorted(unquote(folder.name) for folder in self.root.glob("*") if folder.is_dir()))

    def of(self, study: str, kind: Kind) -> tuple[SubmittedLabel, ...]:
        """Every reader's label of a kind, the newest last."""
        folder = self.root / quote(study, safe="") / kind
        return tuple(sorted((self._read(study, kind, info) for info in folder.glob("*.info")), key=lambda label: label.at_s))

    def newest(self, study: str, kind: Kind) -> SubmittedLabel | None:
        """The last label of a kind; None where there is none."""
        labels = self.of(study, kind)
        return labels[-1] if labels else None

    def _read(self, study: str, kind: Kind, info: Path) -> SubmittedLabel:
        values = json.loads(info.read_text(encoding="utf-8"))
        return SubmittedLabel(
            study,
            kind,
            unquote(info.stem),
            info.with_name(values["file"]),
            {int(value): name for value, name in values["names"].items()},
            {int(value): ratings for value, ratings in values["ratings"].items()},
            tuple(tuple(point) for point in values["not_nodules"]),
            values["patient"],
            values["at_s"],
        )


def check_label(file: Path, image: Volume, names: Mapping[int, str], asked: str | None = None) -> Kind:
    """Say what a label shows, and refuse one that does not fit its image.

    Args:
        file: Slicer markups (``.json``) or a label map.
        image: the study, for its grid.
        names: label value to name.
        asked: the kind, where the client names it.

    Raises:
        InputError: unreadable, on another grid than the image, with values that are no labels, or not what its names say.
    """
    if file.name.endswith(".json"):
        read_markups(file)
        return Kind.BOXES
    try:
        labels = read_volume(file)
    except InputError as error:  # which names a temporary file
        raise InputError(str(error).replace(str(file), "the label")) from error
    if not labels.has_grid_of(image):
        sizes = [" x ".join(str(n) for n in volume.shape) for volume in (labels, image)]
        what = f"it has {sizes[0]} voxels, the image {sizes[1]}" if sizes[0] != sizes[1] else "it lies elsewhere than the image"
        raise InputError(f"the label does not lie on its image's grid ({what}); export the label map on the grid of the image")
    values = np.unique(labels.values[labels.values != 0])
    if (values != np.rint(values)).any() or (values < 0).any() or (values > MOST_LABELS).any():
        raise InputError("a label map holds whole numbers from 0 to 255, and this one has others; export it as a label map")
    kind = _kind(names, asked)
    if kind is Kind.LUNGS:
        lung_values(names, {int(value) for value in values})
    elif (volume := _volume_ml(labels)) > LARGEST_NODULES_ML:
        raise InputError(f"{volume:.0f} ml are marked as nodules; name the labels 'right lung' and 'left lung' if they are lungs")
    return kind


def lung_values(names: Mapping[int, str], found: set[int]) -> dict[int, int]:
    """Which value of a label map is which lung, as ``LungMask`` numbers them.

    Raises:
        InputError: a value is named as neither lung.
    """
    known = {value: RIGHT_LUNG if "right" in name.lower() else LEFT_LUNG if "left" in name.lower() else 0 for value, name in names.items()}
    usual = known or {RIGHT_LUNG: RIGHT_LUNG, LEFT_LUNG: LEFT_LUNG}
    unknown = sorted(value for value in found if not usual.get(value))
    if unknown:
        raise InputError(f"label {unknown[0]} is neither the right nor the left lung; name the labels 'right lung' and 'left lung'")
    return usual


def _kind(names: Mapping[int, str], asked: str | None) -> Kind:
    if asked is not None:
        try:
            return Kind(asked)
        except ValueError:
            raise InputError(f"{asked}: no such kind of label; there are {', '.join(Kind)}") from None
    return Kind.LUNGS if any("lung" in name.lower() and "nodule" not in name.lower() for name in names.values()) else Kind.NODULES


def _volume_ml(labels: Volume) -> float:
    return float(np.count_nonzero(labels.values) * abs(np.linalg.det(labels.affine_lps[:3, :3])) / 1000.0)


def _ending(file: Path) -> str:
    return ".nii.gz" if file.name.endswith(".nii.gz") else ".seg.nrrd" if file.name.endswith(".seg.nrrd") else file.suffix
