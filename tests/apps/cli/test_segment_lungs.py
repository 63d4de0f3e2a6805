from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from nodulescope.apps.cli.main import run
from nodulescope.bundles.data.phantoms import PhantomScan


def test_the_ending_is_checked_before_anything_is_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["segment-lungs", str(tmp_path / "absent"), "-o", str(tmp_path / "lungs.png")]) == 2
    assert "the ending chooses the format" in capsys.readouterr().err


def test_a_bundle_of_another_stage_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["segment-lungs", str(tmp_path), "-o", str(tmp_path / "l.nrrd"), "--bundle", "nodule_grading=x"]) == 2
    assert "only the stage lung_segmentation" in capsys.readouterr().err


def test_lungs_are_found_and_written(
    small_study: Path,
    small_phantom: PhantomScan,
    tmp_path: Path,
    require_weights: Callable[..., None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    require_weights("lung_segmentation")
    file = tmp_path / "lungs.nrrd"
    assert run(["segment-lungs", str(small_study), "-o", str(file), "--json"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    answer = json.loads(out)
    assert answer["file"] == str(file)
    labels = sitk.GetArrayFromImage(sitk.ReadImage(str(file))).T
    both = 2 * np.count_nonzero((labels > 0) & (small_phantom.lungs > 0))
    assert both / (np.count_nonzero(labels) + np.count_nonzero(small_phantom.lungs)) > 0.93
    assert np.mean(labels[(labels > 0) & (small_phantom.lungs > 0)] == small_phantom.lungs[(labels > 0) & (small_phantom.lungs > 0)]) > 0.99
    assert answer["volume_ml"]["total"] == pytest.approx(small_phantom.lung_volumes_ml()["total"], rel=0.1)
