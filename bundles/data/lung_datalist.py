"""Real scans with lung labels by threshold and fill, for the lung network: to be looked at before they train anything."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import nibabel
import numpy as np

from nodulescope.bundles.contracts import CTVolume
from nodulescope.bundles.data.classical_lungs import classical_lung_mask
from nodulescope.bundles.data.datalist import TRAINING
from nodulescope.bundles.data.host_scan import HostScan, host_scan
from nodulescope.bundles.data.joined_datalist import join_datalists
from nodulescope.bundles.preprocessing.canonical import HU_WINDOW


def write_lung_datalist(folder: Path, scans: Iterator[tuple[str, CTVolume]], joined: Sequence[Path] = ()) -> Iterator[int]:
    """Write scans at 1 mm with classical lung labels, one picture of each, and ``scans.json``.

    Args:
        folder: where it all goes.
        scans: patient and CT.
        joined: other datalists of scans whose items are taken along.

    Yields:
        The number of finished scans, for a progress bar.
    """
    folder.mkdir(parents=True, exist_ok=True)
    parts = join_datalists(folder, joined)
    for number, (patient, ct) in enumerate(scans, 1):
        scan = host_scan(ct, classical_lung_mask(ct), ())
        name = f"{patient}_{number}"
        hu = np.clip(np.rint(scan.hu), -1024, 3071).astype(np.int16)
        nibabel.save(nibabel.Nifti1Image(hu, scan.affine_ras), folder / f"{name}.nii.gz")
        nibabel.save(nibabel.Nifti1Image(scan.lungs, scan.affine_ras), folder / f"{name}_lungs.nii.gz")
        _draw(scan, folder / f"{name}.png")
        parts[TRAINING].append({"image": f"{name}.nii.gz", "label": f"{name}_lungs.nii.gz", "patient": patient})
        yield number
    (folder / "scans.json").write_text(json.dumps(parts, indent=1), encoding="utf-8")


def _draw(scan: HostScan, path: Path) -> None:
    """Eight coronal and eight axial sections with the labels' borders."""
    figure, axes = plt.subplots(2, 8, figsize=(24, 7), layout="constrained")
    for row, axis in zip(axes, (1, 2), strict=True):
        inside = np.flatnonzero(scan.lungs.any(axis=tuple(a for a in range(3) if a != axis)))
        picked = [inside[int(share * (len(inside) - 1))] for share in np.linspace(0.08, 0.92, 8)]
        for place, index in zip(row, picked, strict=True):
            place.imshow(np.take(scan.hu, index, axis).T, cmap="gray", vmin=HU_WINDOW[0], vmax=HU_WINDOW[1], origin="lower")
            place.contour(np.take(scan.lungs, index, axis).T, [0.5, 1.5], colors=["red", "cyan"], linewidths=0.8)
            place.set_axis_off()
    figure.savefig(path, dpi=60)
    plt.close(figure)
