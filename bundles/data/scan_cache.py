"""Scans of a public collection at 1 mm, as a detection datalist names them: made once, kept, taken up again after an interruption.

A scan's files are ``NAME.nii.gz`` (CT), ``NAME_lungs.nii.gz`` and ``NAME.json``, the record, which is written last: a scan with a record is
complete. The record holds what was measured on the image and nothing of its annotations, so that corrected tables need no new images.
"""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

import nibabel
import numpy as np
import SimpleITK as sitk  # noqa: N813 - the name that its own documentation uses
from numpy.typing import ArrayLike, NDArray

from nodulescope.bundles.contracts import CTVolume, LungMask
from nodulescope.bundles.contracts.ct_volume import AIR_HU
from nodulescope.bundles.coordinates import index_to_world, spacing_of
from nodulescope.bundles.data.annotation import NoduleAnnotation, Triple
from nodulescope.bundles.data.cube_datalist import fold_of
from nodulescope.bundles.errors import InputError, NodulescopeError
from nodulescope.bundles.preprocessing import HU_WINDOW, SPACING_MM

TEST_FOLD, VALIDATION_FOLD = 0, 1
"""Of the folds of :func:`~nodulescope.bundles.data.cube_datalist.fold_of`. Cubes of fold 0 never train either, so that nobody in the test
part has been seen by any bundle."""

_ROUNDING = 1e-3
"""Voxels by which an edge may be missed because spacings and origins were rounded."""

Task = TypeVar("Task")
Result = TypeVar("Result")


@dataclass(frozen=True)
class CachedScan:
    """One finished scan.

    Attributes:
        name: stem of its files.
        lungs_from: where the lung labels come from, for the record.
        low_lps_mm: lower corner of the box that the image fills, in the grid it was read on.
        high_lps_mm: upper corner.
    """

    name: str
    lungs_from: str
    low_lps_mm: Triple
    high_lps_mm: Triple

    def holds(self, point_lps_mm: ArrayLike) -> bool:
        """Whether a point lies inside the image."""
        point = np.asarray(point_lps_mm, dtype=np.float64)
        return bool((point >= self.low_lps_mm).all() and (point <= self.high_lps_mm).all())

    def item(
        self, patient: str, annotations: Sequence[NoduleAnnotation], box_classes: Sequence[int], *, series_uid: str = ""
    ) -> dict[str, Any]:
        """The scan as an item of a detection datalist.

        Args:
            patient: whom it shows.
            annotations: what was marked in it.
            box_classes: what each of them counts for.
            series_uid: Series Instance UID, where there is one.
        """
        return {
            **_files(self.name),
            "patient": patient,
            **({"series_instance_uid": series_uid} if series_uid else {}),
            "box": [annotation.box for annotation in annotations],
            "box_class": list(box_classes),
            "nodules": [annotation.to_json() for annotation in annotations],
        }


def cached_scan(folder: Path, name: str) -> CachedScan | None:
    """The scan of this name if all of it is there."""
    try:
        record = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not all((folder / file).is_file() for file in _files(name).values()):
        return None
    return CachedScan(name, str(record["lungs_from"]), _triple(record["low_lps_mm"]), _triple(record["high_lps_mm"]))


def cache_scan(folder: Path, name: str, ct: CTVolume, lungs: LungMask, *, lungs_from: str) -> CachedScan:
    """Bring a scan to 1 mm and keep it.

    The grid is that of the canonical CT (RAS, first voxel on the scan's first), and values are clipped to the canonical window before they
    are resampled, as the canonical transform does: training on the kept scan sees what an analysis of the original sees. A scan that is
    turned against the patient's axes is turned back, with air in the corners.

    Args:
        folder: where it goes; made if missing.
        name: stem of its files.
        ct: the scan.
        lungs: its lungs, on any grid in the same patient coordinates.
        lungs_from: where they come from.
    """
    folder.mkdir(parents=True, exist_ok=True)
    centers = _corners(ct.affine_lps, ct.shape, 0.0)
    low, high = centers.min(axis=0), centers.max(axis=0)
    size = np.floor((high - low) / SPACING_MM + _ROUNDING).astype(int) + 1
    affine_ras = np.diag([SPACING_MM] * 3 + [1.0])
    affine_ras[:3, 3] = (-high[0], -high[1], low[2])
    hu = on_grid(np.clip(ct.hu, *HU_WINDOW), ct.affine_lps, affine_ras, size, outside=AIR_HU, interpolator=sitk.sitkLinear)
    labels = on_grid(lungs.labels, lungs.affine_lps, affine_ras, size, outside=0, interpolator=sitk.sitkNearestNeighbor)
    files = _files(name)
    _save(np.rint(hu).astype(np.int16), affine_ras, folder / files["image"])
    _save(labels.astype(np.uint8), affine_ras, folder / files["label"])
    edges = _corners(ct.affine_lps, ct.shape, 0.5)
    scan = CachedScan(name, lungs_from, _triple(edges.min(axis=0)), _triple(edges.max(axis=0)))
    write_json(asdict(scan), folder / f"{name}.json")
    return scan


def each_in_processes(work: Callable[[Task], Result], tasks: Sequence[Task], jobs: int) -> Iterator[tuple[Task, Result | InputError]]:
    """Work through tasks side by side.

    Args:
        work: a module's own function, so that a fresh process can import it; what it cannot read it tells by :class:`InputError`.
        tasks: its arguments.
        jobs: number of processes; 1 works in this one.

    Yields:
        Each task with its result or the error, in the order in which they are done.

    Raises:
        NodulescopeError: a process was ended from outside.
    """
    if jobs <= 1 or len(tasks) <= 1:
        for task in tasks:
            try:
                yield task, work(task)
            except InputError as error:
                yield task, error
        return
    # Fresh processes: forked ones would inherit the threads of torch and ITK in an unknown state. They share the cores already, so that
    # ITK in each of them gets one thread.
    one_thread = sitk.ProcessObject.SetGlobalDefaultNumberOfThreads
    pool = ProcessPoolExecutor(min(jobs, len(tasks)), multiprocessing.get_context("spawn"), initializer=one_thread, initargs=(1,))
    try:
        futures = {pool.submit(work, task): task for task in tasks}
        for future in as_completed(futures):
            try:
                yield futures[future], future.result()
            except InputError as error:
                yield futures[future], error
    except BrokenProcessPool as error:
        raise NodulescopeError(
            f"a process was ended from outside, perhaps for lack of memory: use fewer than {jobs} --jobs; finished scans are kept"
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def parts_by_patient(items: Sequence[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Items as the parts of a datalist, by the fold that a patient has in every data set."""
    names = {TEST_FOLD: "test", VALIDATION_FOLD: "validation"}
    parts: dict[str, list[dict[str, Any]]] = {"training": [], "validation": [], "test": []}
    for item in items:
        parts[names.get(fold_of(item["patient"]), "training")].append(item)
    return parts


def write_json(content: Any, path: Path) -> None:
    """Write a JSON file whole or not at all."""
    beside = path.with_name(f".{path.name}.part")
    beside.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    beside.replace(path)


def _files(name: str) -> dict[str, str]:
    return {"image": f"{name}.nii.gz", "label": f"{name}_lungs.nii.gz"}


def _triple(values: Sequence[float] | NDArray[np.float64]) -> Triple:
    x, y, z = (float(value) for value in values)
    return x, y, z


def _corners(affine: NDArray[np.float64], shape: tuple[int, int, int], margin: float) -> NDArray[np.float64]:
    """The eight corner voxels in mm, shape (8, 3), moved outwards by so many voxels."""
    ends = [(-margin, extent - 1 + margin) for extent in shape]
    return index_to_world(affine, np.stack(np.meshgrid(*ends, indexing="ij"), axis=-1).reshape(-1, 3))


def on_grid(
    array: NDArray[Any],
    affine_lps: NDArray[np.float64],
    affine_ras: NDArray[np.float64],
    size: NDArray[np.int_],
    *,
    outside: float,
    interpolator: int,
) -> NDArray[Any]:
    """Resample an array onto an axis-parallel RAS grid of :data:`SPACING_MM`.

    Args:
        array: shape (ni, nj, nk).
        affine_lps: of the array's own grid.
        affine_ras: of the grid that is wanted.
        size: its voxels along i, j and k.
        outside: value where the array does not reach.
        interpolator: of SimpleITK.
    """
    spacing = spacing_of(affine_lps)
    # ITK's arrays are (k, j, i), and its physical space is LPS mm.
    image: Any = sitk.GetImageFromArray(np.ascontiguousarray(array.T))
    image.SetSpacing(spacing)
    image.SetOrigin(affine_lps[:3, 3].tolist())
    image.SetDirection((affine_lps[:3, :3] / np.asarray(spacing)).ravel().tolist())
    origin = (affine_ras[:3, 3] * (-1.0, -1.0, 1.0)).tolist()
    identity = sitk.Transform()  # type: ignore[no-untyped-call]  # SimpleITK ships no types
    ras = (-1.0, 0.0, 0.0, 0.0, -1.0, 0.0, 0.0, 0.0, 1.0)
    there = sitk.Resample(image, size.tolist(), identity, interpolator, origin, (SPACING_MM,) * 3, ras, outside)
    return np.asarray(sitk.GetArrayFromImage(there)).T


def _save(array: NDArray[Any], affine_ras: NDArray[np.float64], path: Path) -> None:
    beside = path.with_name(f".part.{path.name}")  # the ending chooses nibabel's compression, so it must stay
    nibabel.save(nibabel.Nifti1Image(array, affine_ras), beside)
    beside.replace(path)
