"""Labelled scans as the bundles' training takes them: at 1 mm, with lungs, boxes, outlines and ratings, in one datalist."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import nibabel
import numpy as np
import SimpleITK as sitk  # noqa: N813 - the name that its own documentation uses
from numpy.typing import NDArray

from nodulescope.apps.nodule_label.marked_nodules import MarkedNodule, marked_nodules, separated
from nodulescope.apps.nodule_label.split import split_patients
from nodulescope.apps.nodule_label.submitted_labels import Kind, SubmittedLabel, SubmittedLabels, lung_values
from nodulescope.bundles.contracts import CTVolume, LungMask
from nodulescope.bundles.coordinates import swap_ras_lps
from nodulescope.bundles.data.annotation import NoduleAnnotation
from nodulescope.bundles.data.annotation_check.volume import Volume, read_volume
from nodulescope.bundles.data.annotation_rules import box_class_of
from nodulescope.bundles.data.scan_cache import cache_scan, cached_scan, on_grid, write_json
from nodulescope.bundles.nodule_grading.ratings import READER_RATINGS

LUNGS_BY_READER = "lungs_by_reader"
"""Key of an item: whether a reader labelled the lungs, so that the lung network may learn from them."""


@dataclass(frozen=True)
class LabelledScans:
    """The labelled part of the studies.

    Attributes:
        folder: where scans at 1 mm and ``scans.json`` go.
        labels: what readers submitted.
        read_image: a study's CT by the study's id.
        find_lungs: labels the lungs of a CT whose lungs no reader labelled, and says by which version.
    """

    folder: Path
    labels: SubmittedLabels
    read_image: Callable[[str], CTVolume]
    find_lungs: Callable[[CTVolume], tuple[LungMask, str]]

    @property
    def datalist(self) -> Path:
        """``scans.json``: what is trained on, and what ``nodulescope data check`` and ``data review`` take."""
        return self.folder / "scans.json"

    def update(self) -> dict[str, list[dict[str, Any]]]:
        """Bring the datalist up to date with the labels.

        Returns:
            Its parts: ``training`` and ``validation``.
        """
        studies = self.labels.studies()
        patients = {study: self._patient(study) for study in studies}
        parts = split_patients(patients.values(), self.folder / "split.json")
        content: dict[str, list[dict[str, Any]]] = {"training": [], "validation": []}
        for study in studies:
            content[parts[patients[study]]].append(self.item(study))
        write_json(content, self.datalist)
        return content

    def item(self, study: str) -> dict[str, Any]:
        """One study as an item of the datalist; its files are made where they are missing or older than the labels."""
        name = quote(study, safe="")
        lungs = self.labels.newest(study, Kind.LUNGS)
        scan = cached_scan(self.folder, name)
        if scan is None or scan.lungs_from != _origin(lungs, scan.lungs_from):
            ct = self.read_image(study)
            mask, origin = (_mask(lungs, ct), _origin(lungs)) if lungs else self.find_lungs(ct)
            scan = cache_scan(self.folder, name, ct, mask, lungs_from=origin)
        marks = self._marks(study)
        annotations = self._annotations(study, name, marks)
        classes = [box_class_of(annotation, least_readers=None) for annotation in annotations]
        kept = [(annotation, number) for annotation, number in zip(annotations, classes, strict=True) if number is not None]
        item = scan.item(self._patient(study), [annotation for annotation, _ in kept], [number for _, number in kept])
        item["not_nodules"] = [list(point) for point in marks.not_nodules] if marks else []
        return {**item, "study": study, LUNGS_BY_READER: lungs is not None, "nodules_by_reader": marks is not None}

    def _marks(self, study: str) -> SubmittedLabel | None:
        """The label that says where the nodules are: the newest outlines or boxes."""
        found = [label for kind in (Kind.NODULES, Kind.BOXES) if (label := self.labels.newest(study, kind)) is not None]
        return max(found, key=lambda label: label.at_s, default=None)

    def _annotations(self, study: str, name: str, marks: SubmittedLabel | None) -> list[NoduleAnnotation]:
        if marks is None:
            return []
        nodules = marked_nodules(marks)
        others = [marked_nodules(label) for label in self.labels.of(study, marks.kind) if label.reader != marks.reader]
        outline = None
        if marks.kind is Kind.NODULES and nodules:
            outline = f"{name}_nodules.nii.gz"
            _write_outlines(separated(read_volume(marks.file)), self.folder / f"{name}.nii.gz", self.folder / outline)
        return [_annotation(nodule, study, others, outline) for nodule in nodules]

    def _patient(self, study: str) -> str:
        found = [label for kind in Kind if (label := self.labels.newest(study, kind)) is not None]
        return max(found, key=lambda label: label.at_s).patient


def same_nodule(one: MarkedNodule, other: MarkedNodule) -> bool:
    """Whether two marks are one nodule: centres closer than the larger one's radius."""
    gap = float(np.linalg.norm(np.subtract(one.center_lps_mm, other.center_lps_mm)))
    return gap < max(one.diameter_mm, other.diameter_mm) / 2.0


def _annotation(nodule: MarkedNodule, study: str, others: Sequence[Sequence[MarkedNodule]], outline: str | None) -> NoduleAnnotation:
    """A nodule with the ratings of every reader who marked it."""
    agreeing = [match for marks in others if (match := next((mark for mark in marks if same_nodule(nodule, mark)), None)) is not None]
    marks = (nodule, *agreeing)
    unrated: tuple[float | None, ...] = (None,) * len(READER_RATINGS)
    rated = tuple(mark.ratings or unrated for mark in marks) if any(mark.is_rated for mark in marks) else ()
    return NoduleAnnotation(
        id=f"{study}_{nodule.number}",
        center_lps_mm=nodule.center_lps_mm,
        size_mm=nodule.size_mm,
        diameter_mm=nodule.diameter_mm,
        readers=None,  # what one reader submitted counts: the agreement that LIDC's rules ask for is one of four blinded readers
        ratings=rated,
        outline=outline,
    )


def _mask(label: SubmittedLabel, ct: CTVolume) -> LungMask:
    labels = read_volume(label.file)
    values = lung_values(label.names, set(np.unique(labels.values[labels.values != 0]).astype(int).tolist()))
    renumbered = np.zeros(ct.shape, np.uint8)
    for value, lung in values.items():
        renumbered[labels.values == value] = lung
    return LungMask(renumbered, ct.affine_lps, fully_covered=True)


def _origin(lungs: SubmittedLabel | None, otherwise: str = "") -> str:
    return otherwise if lungs is None else f"label of {lungs.reader}, {lungs.at_s:.0f}"


def _write_outlines(labels: Volume, image: Path, file: Path) -> None:
    """Bring outlines to the grid of the scan at 1 mm; a nodule that falls between its voxels keeps the nearest one."""
    grid: Any = nibabel.load(image)
    size: NDArray[np.int_] = np.asarray(grid.shape)
    values = on_grid(labels.values.astype(np.uint8), labels.affine_lps, grid.affine, size, outside=0, interpolator=sitk.sitkNearestNeighbor)
    written = Volume(values.copy(), swap_ras_lps(grid.affine))
    for value in set(np.unique(labels.values).tolist()) - set(np.unique(values).tolist()):
        center = np.argwhere(labels.values == value).mean(axis=0)
        point = labels.affine_lps[:3, :3] @ center + labels.affine_lps[:3, 3]
        index = np.rint(np.linalg.solve(written.affine_lps[:3, :3], point - written.affine_lps[:3, 3])).astype(int)
        written.values[tuple(np.clip(index, 0, size - 1))] = value
    nibabel.save(nibabel.Nifti1Image(written.values, grid.affine), file)
