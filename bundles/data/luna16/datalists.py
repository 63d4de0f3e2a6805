"""LUNA16 as datalists: scans at 1 mm with lungs, nodules and excluded findings, split by patient and into the ten official folds."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nodulescope.bundles.data.classical_lungs import classical_lung_mask
from nodulescope.bundles.data.luna16.findings import excluded_annotations, nodule_annotations
from nodulescope.bundles.data.luna16.folder import Luna16Folder, Luna16Scan
from nodulescope.bundles.data.luna16.lungs import read_published_lungs
from nodulescope.bundles.data.scan_cache import CachedScan, cache_scan, cached_scan, each_in_processes, parts_by_patient, write_json
from nodulescope.bundles.errors import InputError
from nodulescope.bundles.nodule_detection.box_classes import NODULE_CLASS
from nodulescope.bundles.preprocessing.research_formats import read_research_ct

PUBLISHED_LUNGS, CLASSICAL_LUNGS = "seg-lungs-LUNA16", "classical"
"""Where lung labels come from, in a scan's record."""


@dataclass(frozen=True)
class LeftOut:
    """A series that is in no datalist.

    Attributes:
        series: its Series Instance UID.
        subset: its official subset, None where that is not known.
        reason: one sentence.
    """

    series: str
    subset: int | None
    reason: str


@dataclass(frozen=True)
class Luna16Datalists:
    """What was written.

    Attributes:
        files: the datalists.
        scans: number of scans in them.
        nodules: boxes that are to be found.
        left_out: series that are in none of them.
    """

    files: tuple[Path, ...]
    scans: int
    nodules: int
    left_out: tuple[LeftOut, ...]


def cache_luna16_scans(luna16: Luna16Folder, out: Path, *, jobs: int = 1) -> Iterator[tuple[Luna16Scan, CachedScan | InputError]]:
    """Bring every scan to 1 mm; those that are there from an earlier run are taken as they are.

    Args:
        luna16: the published scans.
        out: folder for the cache.
        jobs: processes that work side by side, each on one scan.

    Yields:
        Each scan with its cached form, or with what is wrong with it, in the order in which they are done.
    """
    out.mkdir(parents=True, exist_ok=True)
    known = {scan: cached_scan(out, scan.series) for scan in luna16.scans}
    yield from ((scan, there) for scan, there in known.items() if there is not None)
    for (scan, _), result in each_in_processes(cache_one_scan, [(scan, out) for scan, there in known.items() if there is None], jobs):
        yield scan, result


def cache_one_scan(task: tuple[Luna16Scan, Path]) -> CachedScan:
    """Bring one scan to 1 mm: the work of one process.

    Args:
        task: the scan and the folder of the cache.

    Raises:
        InputError: the image or its lung labels cannot be read, or there are no lungs.
    """
    scan, out = task
    ct = read_research_ct(scan.image)
    if scan.lungs is None:
        return cache_scan(out, scan.series, ct, classical_lung_mask(ct), lungs_from=CLASSICAL_LUNGS)
    return cache_scan(out, scan.series, ct, read_published_lungs(scan.lungs), lungs_from=PUBLISHED_LUNGS)


def write_luna16_datalists(luna16: Luna16Folder, out: Path, scans: Mapping[Luna16Scan, CachedScan | InputError]) -> Luna16Datalists:
    """Write ``scans.json`` (training, validation, test by patient), ``scans_fold0.json`` to ``scans_fold9.json`` and ``left_out.csv``.

    In fold K the official subset K is for validation and the others are for training, but for other scans of a patient in subset K. Folds
    of subsets that are not there, and scans that lie in no subset's folder, are left out of the folds.

    Args:
        luna16: the published scans and tables.
        out: folder of the cache.
        scans: what :func:`cache_luna16_scans` gave.

    Raises:
        InputError: nothing is left.
    """
    left_out = [
        LeftOut(series, None, "findings are listed for it, but its image is not there")
        for series in sorted({*luna16.nodules, *luna16.excluded} - {scan.series for scan in luna16.scans})
    ]
    items: list[dict[str, Any]] = []
    subsets: list[int | None] = []
    for scan in sorted(scans, key=lambda scan: scan.series):
        try:
            items.append(_item(luna16, scan, scans[scan]))
            subsets.append(scan.subset)
        except InputError as error:
            left_out.append(LeftOut(scan.series, scan.subset, str(error)))
    _write_left_out(left_out, out / "left_out.csv")
    if not items:
        raise InputError(f"{out / 'left_out.csv'}: no scan is left; the table says why")
    contents = {"scans.json": parts_by_patient(items)}
    for fold in sorted({subset for subset in subsets if subset is not None}):
        contents[f"scans_fold{fold}.json"] = _fold(items, subsets, fold)
    for name, parts in contents.items():
        write_json(parts, out / name)
    found = sum(box_class == NODULE_CLASS for item in items for box_class in item["box_class"])
    return Luna16Datalists(tuple(out / name for name in contents), len(items), found, tuple(left_out))


def _item(luna16: Luna16Folder, scan: Luna16Scan, cached: CachedScan | InputError) -> dict[str, Any]:
    if isinstance(cached, InputError):
        raise cached
    nodules, excluded = luna16.nodules.get(scan.series, ()), luna16.excluded.get(scan.series, ())
    outside = next((row for row in nodules if not cached.holds(row.center_lps_mm)), None)
    if outside is not None:
        raise InputError(f"{luna16.annotations}: the nodule at {outside.center_lps_mm} lies outside {scan.image}")
    # Readers marked some findings on slices that the published scan lacks; where there is no image there is nothing to ignore.
    inside = [row for row in excluded if cached.holds(row.center_lps_mm)]
    marked = [*nodule_annotations(nodules), *excluded_annotations(inside)]
    annotations, classes = [annotation for annotation, _ in marked], [box_class for _, box_class in marked]
    return cached.item(luna16.patient_of(scan.series), annotations, classes, series_uid=scan.series)


def _fold(items: Sequence[dict[str, Any]], subsets: Sequence[int | None], fold: int) -> dict[str, list[dict[str, Any]]]:
    validation = [item for item, subset in zip(items, subsets, strict=True) if subset == fold]
    patients = {item["patient"] for item in validation}
    others = [item for item, subset in zip(items, subsets, strict=True) if subset not in (fold, None)]
    return {"training": [item for item in others if item["patient"] not in patients], "validation": validation}


def _write_left_out(left_out: Sequence[LeftOut], path: Path) -> None:
    beside = path.with_name(f".{path.name}.part")
    with beside.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["series_instance_uid", "subset", "reason"])
        table.writerows([entry.series, "" if entry.subset is None else entry.subset, entry.reason] for entry in left_out)
    beside.replace(path)
