"""LIDC-IDRI as datalists: scans at 1 mm with lungs, nodules, outlines and every reader's ratings, split by patient.

Beside what the cache keeps of a scan (``NAME.nii.gz``, ``NAME_lungs.nii.gz``, ``NAME.json``), each nodule's consensus lies in a file of its
own, ``NAME_nodule_1.nii.gz`` and so on: 1 inside and 0 elsewhere, on the image's grid. ``NAME_nodules.json`` is written last: a scan that
has it is complete. It tells from which marks and at which agreement it was made, so that another agreement makes new outlines and leaves
the images alone.
"""

from __future__ import annotations

import csv
import json
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
from numpy.typing import NDArray

from nodulescope.bundles.coordinates import index_to_world, swap_ras_lps
from nodulescope.bundles.data.annotation import NoduleAnnotation
from nodulescope.bundles.data.annotation_rules import LEAST_READERS
from nodulescope.bundles.data.classical_lungs import classical_lung_mask
from nodulescope.bundles.data.lidc.annotations import annotate, class_of, label_on_grid, points_of, slices_of_marks
from nodulescope.bundles.data.lidc.consensus import AGREEMENT
from nodulescope.bundles.data.lidc.nodules import marked_nodules
from nodulescope.bundles.data.lidc.scans import LeftOut, LidcScan
from nodulescope.bundles.data.lidc.series import CTSeries, read_series
from nodulescope.bundles.data.scan_cache import CachedScan, cache_scan, cached_scan, each_in_processes, parts_by_patient, write_json
from nodulescope.bundles.errors import InputError
from nodulescope.bundles.nodule_detection.box_classes import NODULE_CLASS

CLASSICAL_LUNGS = "classical"
"""Where lung labels come from, in a scan's record."""

_ROUNDING_MM = 0.01


@dataclass(frozen=True)
class FinishedScan:
    """A scan with its annotations.

    Attributes:
        cached: image and lungs at 1 mm.
        patient: Patient ID.
        series_uid: Series Instance UID.
        annotations: all nodules that a reader marked, whatever they count for.
        points: what readers marked with a point (see :func:`~nodulescope.bundles.data.lidc.annotations.points_of`).
    """

    cached: CachedScan
    patient: str
    series_uid: str
    annotations: tuple[NoduleAnnotation, ...]
    points: tuple[dict[str, Any], ...] = field(repr=False)

    def item(self, least_readers: int = LEAST_READERS) -> dict[str, Any]:
        """The scan as an item of a detection datalist, with ``points`` beside what every datalist has."""
        classes = [(annotation, class_of(annotation, least_readers)) for annotation in self.annotations]
        marked = [(annotation, box_class) for annotation, box_class in classes if box_class is not None]
        item = self.cached.item(self.patient, [a for a, _ in marked], [c for _, c in marked], series_uid=self.series_uid)
        return {**item, "points": list(self.points)}


@dataclass(frozen=True)
class LidcDatalists:
    """What was written.

    Attributes:
        files: the datalists.
        scans: number of scans in them.
        nodules: boxes that are to be found.
        ignored: boxes that count neither way.
    """

    files: tuple[Path, ...]
    scans: int
    nodules: int
    ignored: int


def scan_name(series: CTSeries) -> str:
    """Name of a scan's files: the patient, and eight digits that tell two scans of one patient apart."""
    return f"{re.sub(r'[^A-Za-z0-9._-]', '_', series.patient)}_{zlib.crc32(series.series_uid.encode()):08x}"


def cache_lidc_scans(
    scans: Sequence[LidcScan], out: Path, *, agreement: float = AGREEMENT, jobs: int = 1
) -> Iterator[tuple[LidcScan, FinishedScan | InputError]]:
    """Bring every scan to 1 mm and draw its nodules; what is there from an earlier run is taken as it is.

    Args:
        scans: series with their marks.
        out: folder for the cache; made if missing.
        agreement: share of a nodule's readers that must count a voxel in, above 0 and up to 1.
        jobs: processes that work side by side, each on one scan.

    Yields:
        Each scan with its annotations, or with what is wrong with it, in the order in which they are done.
    """
    out.mkdir(parents=True, exist_ok=True)
    waiting: list[tuple[LidcScan, Path, float]] = []
    for scan in scans:
        there = _finished(scan, out, agreement)
        if there is None:
            waiting.append((scan, out, agreement))
        else:
            yield scan, there
    for (scan, *_), result in each_in_processes(_finish, waiting, jobs):
        yield scan, result


def write_lidc_datalists(
    finished: Sequence[FinishedScan],
    left_out: Sequence[LeftOut],
    out: Path,
    *,
    least_readers: int = LEAST_READERS,
    folds: int | None = None,
) -> LidcDatalists:
    """Write the datalists and ``left_out.csv``.

    Args:
        finished: scans in any order.
        left_out: what is in no datalist.
        out: folder of the cache.
        least_readers: readers that must have marked a nodule to be found.
        folds: None for ``scans.json`` with training, validation and test; a number for so many files ``scans_fold0.json`` and so on, in
            each of which another share of the patients is for validation.

    Raises:
        InputError: nothing is left.
    """
    _write_left_out(left_out, out / "left_out.csv")
    if not finished:
        first = f", first of all: {left_out[0].reason}" if left_out else ""
        raise InputError(f"{out / 'left_out.csv'}: no scan is left; the table says why{first}")
    items = [scan.item(least_readers) for scan in sorted(finished, key=lambda scan: (scan.patient, scan.series_uid))]
    contents = {"scans.json": parts_by_patient(items)}
    if folds is not None:
        contents = {f"scans_fold{fold}.json": _fold(items, fold, folds) for fold in range(folds)}
    for name, parts in contents.items():
        write_json(parts, out / name)
    classes = [box_class for item in items for box_class in item["box_class"]]
    found = sum(box_class == NODULE_CLASS for box_class in classes)
    return LidcDatalists(tuple(out / name for name in contents), len(items), found, len(classes) - found)


def fold_of_patient(patient: str, folds: int) -> int:
    """A patient's fold among any number of them; of five, that of :func:`~nodulescope.bundles.data.cube_datalist.fold_of`."""
    return zlib.crc32(patient.encode()) % folds


def _fold(items: Sequence[dict[str, Any]], fold: int, folds: int) -> dict[str, list[dict[str, Any]]]:
    validates = [fold_of_patient(item["patient"], folds) == fold for item in items]
    return {
        "training": [item for item, out in zip(items, validates, strict=True) if not out],
        "validation": [item for item, out in zip(items, validates, strict=True) if out],
    }


def _finish(task: tuple[LidcScan, Path, float]) -> FinishedScan:
    scan, out, agreement = task
    slices = slices_of_marks(scan.markings, scan.series)
    name, affine = scan_name(scan.series), scan.series.affine_lps
    _record(scan, out).unlink(missing_ok=True)  # it would vouch for files that are about to change
    cached = cached_scan(out, name)
    if cached is None or not _shows(cached, scan.series):
        ct = read_series(scan.series)
        cached = cache_scan(out, name, ct, classical_lung_mask(ct), lungs_from=CLASSICAL_LUNGS)
    image: Any = nibabel.load(out / f"{name}.nii.gz")
    annotations = []
    for number, nodule in enumerate(marked_nodules(scan.markings, slices), 1):
        outline = out / f"{name}_nodule_{number}.nii.gz"
        annotation, region = annotate(nodule, f"nodule_{number}", affine, agreement, outline.name)
        if region is not None:
            _save(label_on_grid(region, affine, swap_ras_lps(image.affine), image.shape), image.affine, outline)
        annotations.append(annotation)
    points = points_of(scan.markings, slices, affine)
    record = {"made_from": _made_from(scan, agreement), "annotations": [a.to_json() for a in annotations], "points": points}
    write_json(record, _record(scan, out))
    return FinishedScan(cached, scan.series.patient, scan.series.series_uid, tuple(annotations), tuple(points))


def _finished(scan: LidcScan, out: Path, agreement: float) -> FinishedScan | None:
    """What an earlier run has made of the same marks at the same agreement."""
    cached = cached_scan(out, scan_name(scan.series))
    try:
        record = json.loads(_record(scan, out).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if cached is None or not _shows(cached, scan.series) or record.get("made_from") != _made_from(scan, agreement):
        return None
    annotations = tuple(NoduleAnnotation.from_json(values) for values in record["annotations"])
    if not all((out / annotation.outline).is_file() for annotation in annotations if annotation.outline):
        return None
    return FinishedScan(cached, scan.series.patient, scan.series.series_uid, annotations, tuple(record["points"]))


def _shows(cached: CachedScan, series: CTSeries) -> bool:
    """Whether a cached image covers what the series covers now: a download may have been completed since."""
    ends = np.array([[-0.5] * 3, [n - 0.5 for n in (*series.size, len(series.files))]])
    corners = index_to_world(series.affine_lps, ends)
    return bool(np.allclose([corners.min(axis=0), corners.max(axis=0)], [cached.low_lps_mm, cached.high_lps_mm], atol=_ROUNDING_MM))


def _save(label: NDArray[np.uint8], affine_ras: NDArray[np.float64], path: Path) -> None:
    beside = path.with_name(f".part.{path.name}")  # the ending chooses nibabel's compression, so it must stay
    nibabel.save(nibabel.Nifti1Image(label, affine_ras), beside)
    beside.replace(path)


def _record(scan: LidcScan, out: Path) -> Path:
    return out / f"{scan_name(scan.series)}_nodules.json"


def _made_from(scan: LidcScan, agreement: float) -> dict[str, Any]:
    return {"series": scan.series.series_uid, "marks": scan.markings.digest, "agreement": agreement}


def _write_left_out(left_out: Sequence[LeftOut], path: Path) -> None:
    beside = path.with_name(f".{path.name}.part")
    with beside.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["series_instance_uid", "patient", "reason"])
        table.writerows([entry.series_uid, entry.patient, entry.reason] for entry in left_out)
    beside.replace(path)
