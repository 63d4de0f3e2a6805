"""One phantom as a study on disk: a real DICOM series with its truth beside it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nodulescope.bundles.data.phantoms import PhantomPair, PhantomScan

STUDY_DATE, A_YEAR_BEFORE = "20000101", "19990101"
FAMILY_NAME = "Phantom"
PADDING_VALUE = -2000
"""Stored value outside the field of view, as scanners write it: far below air, so that it cannot be mistaken for a measurement."""


def write_phantom_study(scan: PhantomScan, folder: Path, study_date: str = STUDY_DATE) -> Path:
    """Write ``dicom/ct-0001.dcm`` ..., ``truth.json``, ``lungs.nii.gz`` and ``nodules.nii.gz``. The same phantom gives the same bytes.

    Args:
        scan: the phantom.
        folder: made where needed; what an earlier run wrote there is replaced.
        study_date: YYYYMMDD.

    Returns:
        The folder of the DICOM series.
    """
    import nibabel
    import numpy as np
    from pydicom import dcmread

    from nodulescope.bundles.coordinates import swap_ras_lps
    from nodulescope.operators.dicom.ct_series import write_ct_series

    series = folder / "dicom"
    for old in series.glob("ct-*.dcm"):
        old.unlink()  # slices of a longer series would otherwise stay among the new ones
    slices = write_ct_series(
        scan.ct,
        series,
        patient_id=f"PHANTOM-{scan.seed:05d}",
        patient_name=f"{FAMILY_NAME}^{scan.seed:05d}",
        patient_sex="F" if scan.patient.female else "M",
        study_date=study_date,
        study_description="Synthetic chest CT",
        series_description=f"Phantom {scan.seed}, {scan.scanner.kernel} kernel",
        seed=str(scan.seed),
        padding_value=None if scan.ct.padding is None else PADDING_VALUE,
    )
    affine_ras = swap_ras_lps(scan.ct.affine_lps)
    for name, labels in (("lungs", scan.lungs), ("nodules", scan.nodules_label)):
        image = nibabel.Nifti1Image(np.ascontiguousarray(labels), affine_ras)
        image.header.set_xyzt_units("mm")
        nibabel.save(image, folder / f"{name}.nii.gz")
    header = dcmread(slices[0], stop_before_pixels=True)
    truth = {
        "study_instance_uid": str(header.StudyInstanceUID),
        "series_instance_uid": str(header.SeriesInstanceUID),
        **scan.truth_dict(),
    }
    (folder / "truth.json").write_text(json.dumps(truth, indent=2) + "\n", encoding="utf-8")
    return series


def write_phantom_pair(pair: PhantomPair, folder: Path) -> tuple[Path, Path]:
    """Write ``earlier/`` and ``later/``, each as :func:`write_phantom_study` does, as two studies of one patient 365 days apart.

    Returns:
        The folders of the earlier and the later DICOM series.
    """
    return write_phantom_study(pair.earlier, folder / "earlier", A_YEAR_BEFORE), write_phantom_study(pair.later, folder / "later")
