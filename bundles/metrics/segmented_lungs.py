"""The lung network's answers to the scans of a datalist, as the application would use them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
from nibabel.filebasedimages import ImageFileError
from numpy.typing import NDArray

from nodulescope.bundles.contracts import LEFT_LUNG, RIGHT_LUNG, CTVolume, LungMask
from nodulescope.bundles.coordinates import swap_ras_lps
from nodulescope.bundles.data.classical_lungs import classical_lung_mask
from nodulescope.bundles.data.datalist import read_datalist
from nodulescope.bundles.errors import InputError
from nodulescope.bundles.metrics.overlap import overlap
from nodulescope.bundles.metrics.patient_split import require_unseen_patients
from nodulescope.bundles.metrics.segmented_cases import NETWORK, SegmentedCase
from nodulescope.bundles.metrics.size_baseline import equivalent_diameter_mm
from nodulescope.bundles.predictors import Bundle, LungPredictor
from nodulescope.bundles.preprocessing.research_formats import read_research_ct

Labels = NDArray[np.uint8]
Item = Mapping[str, Any]

CLASSICAL = "classical"

STRUCTURES: Mapping[str, tuple[int, ...]] = {
    "both lungs": (RIGHT_LUNG, LEFT_LUNG),
    "right lung": (RIGHT_LUNG,),
    "left lung": (LEFT_LUNG,),
}

SAME_PLACE_MM = 0.01
"""How far the voxels of a scan and of its label map may be apart: what headers round."""


def choose_scans(datalist: Path, part: str, *, only: str = "*") -> list[dict[str, Any]]:
    """Items to be measured: scans with lung labels.

    Args:
        datalist: file with ``image``, ``label`` and ``patient`` per item.
        part: which part.
        only: pattern of file names, ``*`` and ``?`` as in a shell.

    Raises:
        InputError: the datalist is not valid, has no such scan, or trains on a patient of this part.
    """
    items = [item for item in read_datalist(datalist, part) if "label" in item and fnmatch(Path(str(item.get("image"))).name, only)]
    require_unseen_patients(datalist, part, items)
    if not items:
        raise InputError(
            f"{datalist}: part {part!r} holds no scan{'' if only == '*' else f' named {only}'} with lung labels; take another part"
        )
    return items


def segment_lungs(bundle: Bundle, items: Sequence[Item], *, run: int = 0, done: Callable[[int], None]) -> list[SegmentedCase]:
    """The network and the classical method, for each lung and for both together.

    Args:
        bundle: serves the stage ``lung_segmentation``.
        items: from :func:`choose_scans`.
        run: number of this network among several.
        done: told how many more scans are finished.

    Raises:
        InputError: a scan or its labels cannot be read, or lie on different grids.
        BundleError: the weights do not fit.
    """
    predictor = LungPredictor(bundle)
    cases: list[SegmentedCase] = []
    for item in items:
        ct = read_research_ct(Path(str(item["image"])))
        truth = read_lung_labels(Path(str(item["label"])), ct)
        for by, method in ((NETWORK, predictor), (CLASSICAL, classical_lung_mask)):
            labels = _labels(method, ct)
            cases += [_case(item, by, structure, labels, truth, ct, run) for structure in STRUCTURES]
        done(1)
    return cases


def read_lung_labels(path: Path, ct: CTVolume) -> Labels:
    """Lung labels on a CT's grid.

    Raises:
        InputError: unreadable, on another grid, or with other labels than 0, 1 (right) and 2 (left).
    """
    try:
        image: Any = nibabel.load(path)
        labels = np.asarray(image.dataobj)
    except (ImageFileError, OSError, EOFError, ValueError) as error:
        raise InputError(f"{path}: cannot be read as a label map (missing, damaged or another format); make it again") from error
    if labels.shape != ct.shape or not np.allclose(swap_ras_lps(image.affine), ct.affine_lps, atol=SAME_PLACE_MM):
        raise InputError(f"{path}: lies on another grid than {Path(ct.source.path).name}; make the label map on the scan's own grid")
    found = np.unique(labels)
    if not set(found.tolist()) <= {0, RIGHT_LUNG, LEFT_LUNG} or len(found) == 1:
        raise InputError(f"{path}: lung labels are {RIGHT_LUNG} (right) and {LEFT_LUNG} (left), this map holds {found[:5].tolist()}")
    return labels.astype(np.uint8)


def _labels(method: Callable[[CTVolume], LungMask], ct: CTVolume) -> Labels:
    try:
        return method(ct).labels
    except InputError:  # a method that sees no lungs here has missed them: that is a result, not an end
        return np.zeros(ct.shape, np.uint8)


def _case(item: Item, by: str, structure: str, labels: Labels, truth: Labels, ct: CTVolume, run: int) -> SegmentedCase:
    there, measured = (np.isin(array, STRUCTURES[structure]) for array in (truth, labels))
    found = overlap(measured, there, ct.spacing_mm)
    diameter = equivalent_diameter_mm(found.truth_volume_mm3)
    name = Path(str(item["image"])).name.partition(".nii")[0]
    return SegmentedCase(name, str(item["patient"]), structure, by, diameter, found, run)
