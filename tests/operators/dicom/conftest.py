"""Result objects, the odd sources that they are made from, and the programs that check them."""

from __future__ import annotations

import shutil
import subprocess
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from highdicom.legacy import LegacyConvertedEnhancedCTImage
from highdicom.seg import Segmentation
from pydicom import dcmread
from pydicom.uid import generate_uid

from nodulescope.bundles.contracts import CTVolume
from nodulescope.operators.dicom.segmentation import write_segmentation
from nodulescope.operators.examination import Examination
from nodulescope.operators.reading import read_ct

OBLIQUE = np.array([[np.cos(0.2), -np.sin(0.2), 0], [np.sin(0.2), np.cos(0.2), 0], [0, 0, 1]])

VALIDATOR_CLASS = "com.pixelmed.validate.DicomSRValidator"
PIXELMED = Path("/usr/share/java/pixelmed.jar")


@pytest.fixture(scope="session", params=["axial", "upside down", "turned", "multi-frame"])
def any_examination(request, small_chest_ct, examine, multi_frame_ct) -> Examination:
    """The same examination on images that lie differently."""
    if request.param == "multi-frame":
        return examine(multi_frame_ct)
    directions = {"axial": np.eye(3), "upside down": np.diag([-1.0, 1.0, -1.0]), "turned": OBLIQUE}[request.param]
    return examine(small_chest_ct(directions))


@pytest.fixture(scope="session")
def multi_frame_ct(small_chest_ct: Callable[..., CTVolume], tmp_path_factory: pytest.TempPathFactory) -> CTVolume:
    """The small chest as one enhanced object whose frames are stored from head to feet."""
    classic = small_chest_ct(seed="multi-frame")
    slices = [dcmread(header.filename) for header in reversed(classic.source.instances)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        enhanced = LegacyConvertedEnhancedCTImage(
            slices, series_instance_uid=generate_uid(), series_number=2, sop_instance_uid=generate_uid(), instance_number=1
        )
    folder = tmp_path_factory.mktemp("enhanced")
    enhanced.save_as(folder / "enhanced.dcm")
    return read_ct(folder)


@pytest.fixture(scope="session")
def segmentation(dicom_examination: Examination, tmp_path_factory: pytest.TempPathFactory) -> Segmentation:
    """The Segmentation of the examination, as :func:`write_segmentation` returns it."""
    return write_segmentation(dicom_examination, tmp_path_factory.mktemp("results") / "segmentation.dcm")


@pytest.fixture(scope="session")
def dciodvfy() -> Callable[[Path], list[str]]:
    """Errors that dicom3tools' validator finds in a file."""
    if shutil.which("dciodvfy") is None:
        pytest.skip("dciodvfy is not installed (Debian package dicom3tools)")

    def errors(path: Path) -> list[str]:
        run = subprocess.run(["dciodvfy", path], capture_output=True, text=True, check=False)
        lines = (run.stdout + run.stderr).splitlines()
        assert lines, "the validator always names at least the object's kind"
        return [line for line in lines if line.startswith(("Error", "Abort"))]

    return errors


@pytest.fixture(scope="session")
def sr_validator() -> Callable[[Path], list[str]]:
    """Errors that PixelMed's template validator finds in a structured report."""
    if shutil.which("java") is None or not PIXELMED.exists():
        pytest.skip("PixelMed's validator is not installed (Debian package pixelmed-apps)")
    # Newer Java forbids style sheets as large as the one that checks the templates, unless it is told otherwise.
    limits = [f"-Djdk.xml.xpath{limit}Limit=0" for limit in ("TotalOp", "ExprOp", "ExprGrp")]

    def errors(path: Path) -> list[str]:
        command = ["java", *limits, "-cp", f"{PIXELMED.parent}/*", VALIDATOR_CLASS, str(path)]
        lines = subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines()
        assert "Root Template Validation Complete" in lines, "the validator did not run"
        return [line for line in lines if line.startswith("Error")]

    return errors
