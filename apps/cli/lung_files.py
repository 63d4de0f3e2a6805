"""Lung labels as a file: NIfTI, NRRD, MetaImage or DICOM SEG, by the file's ending."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nodulescope.bundles.errors import InputError, UsageError

if TYPE_CHECKING:
    from nodulescope.bundles.contracts import CTVolume, LungMask
    from nodulescope.operators.examination import ModelProvenance

IMAGE_ENDINGS = (".nii.gz", ".nii", ".nrrd", ".mha")
DICOM_ENDING = ".dcm"


def require_known_ending(path: Path) -> None:
    """Refuse, before any work is done, a file that could not be written.

    Raises:
        UsageError: the ending stands for no format, or the folder is not there.
    """
    if not path.name.lower().endswith((*IMAGE_ENDINGS, DICOM_ENDING)):
        raise UsageError(f"{path}: the ending chooses the format; end it with {', '.join(IMAGE_ENDINGS)} or {DICOM_ENDING} (DICOM SEG)")
    if not path.resolve().parent.is_dir():
        raise UsageError(f"{path}: the folder {path.parent} does not exist; make it first")


def write_lungs(ct: CTVolume, lungs: LungMask, model: ModelProvenance, path: Path) -> None:
    """Write labels 1 (right lung) and 2 (left lung) on the grid of the CT. The file appears whole or not at all.

    Args:
        ct: the CT.
        lungs: its lungs.
        model: what found them, named in a DICOM SEG.
        path: see :func:`require_known_ending`.

    Raises:
        InputError: a DICOM SEG was asked for, but the CT is not from DICOM.
    """
    if path.name.lower().endswith(DICOM_ENDING):
        _write_segmentation(ct, lungs, model, path)
    else:
        _write_image(lungs, path)


def _write_image(lungs: LungMask, path: Path) -> None:
    import numpy as np
    import SimpleITK as sitk  # noqa: N813 - the name that its own documentation uses

    from nodulescope.bundles.coordinates import spacing_of

    spacing = spacing_of(lungs.affine_lps)
    # ITK's arrays are (k, j, i), and its physical space is LPS mm: the affine as it stands.
    image: Any = sitk.GetImageFromArray(np.ascontiguousarray(lungs.labels.T))
    image.SetSpacing(spacing)
    image.SetOrigin(lungs.affine_lps[:3, 3].tolist())
    image.SetDirection((lungs.affine_lps[:3, :3] / np.asarray(spacing)).ravel().tolist())
    # The ending, in small letters, chooses ITK's writer, so the temporary file must have it too: hence a folder beside the target.
    ending = next(ending for ending in IMAGE_ENDINGS if path.name.lower().endswith(ending))
    with tempfile.TemporaryDirectory(dir=path.resolve().parent, prefix=".nodulescope-") as beside:
        written = Path(beside) / f"lungs{ending}"
        sitk.WriteImage(image, str(written), useCompression=True)
        written.replace(path)


def _write_segmentation(ct: CTVolume, lungs: LungMask, model: ModelProvenance, path: Path) -> None:
    from importlib.metadata import version

    import numpy as np

    from nodulescope.bundles.contracts import LEFT_LUNG, RIGHT_LUNG
    from nodulescope.operators.dicom.segmentation import make_segmentation
    from nodulescope.operators.examination import Assessment, Examination, LungFindings
    from nodulescope.operators.examination.whole_file import whole_file

    if ct.source.kind != "dicom":
        raise InputError(f"{ct.source.path}: a DICOM SEG refers to DICOM images, and this input has none; write {IMAGE_ENDINGS[0]} instead")
    # An examination in which only the lungs were looked for.
    lungs_only = Examination(
        ct=ct,
        lung_mask=lungs,
        lungs=LungFindings(lungs.volume_ml(LEFT_LUNG), lungs.volume_ml(RIGHT_LUNG), lungs.fully_covered),
        nodules=(),
        nodule_labels=np.zeros(ct.shape, dtype=np.uint8),
        models=(model,),
        assessment=Assessment(),
        timings_s={},
        peak_memory_mb=None,
        generator_version=version("nodulescope"),
    )
    segmentation = make_segmentation(lungs_only)
    segmentation.ContentLabel = "LUNGS"
    segmentation.ContentDescription = "Lungs, segmented automatically"
    segmentation.SeriesDescription = "Lungs (automatic)"
    for segment in segmentation.SegmentSequence:
        del segment.SegmentDescription  # it says that nodules are segments of their own
    with whole_file(path) as beside:
        segmentation.save_as(beside, enforce_file_format=True)
