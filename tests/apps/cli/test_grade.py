from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from nodulescope.apps.cli.findings_table import point_text
from nodulescope.apps.cli.grade import grades_table, require_inside
from nodulescope.apps.cli.main import run
from nodulescope.bundles.contracts import CTSource, CTVolume, Grade
from nodulescope.bundles.data.phantoms import PhantomScan
from nodulescope.bundles.errors import UsageError

GRADE = Grade(0.934, 3.62, 0.71, {"spiculation": 2.25, "calcification": 0.125})


def test_a_point_outside_of_the_scan_is_refused_with_the_box_that_is_covered() -> None:
    affine = np.diag([-0.5, -0.5, 2.0, 1.0])
    affine[:3, 3] = (100.0, 50.0, -40.0)
    ct = CTVolume(np.zeros((11, 21, 31), dtype=np.float32), affine, CTSource("nifti"))
    require_inside(ct, [(100.0, 50.0, -40.0), (95.0, 40.0, 20.0), (100.25, 40.0, 0.0)])
    with pytest.raises(UsageError, match=r"--at 100\.5,50\.0,-40\.0: .* from 95\.0,40\.0,-40\.0 to 100\.0,50\.0,20\.0 "):
        require_inside(ct, [(97.0, 45.0, 0.0), (100.5, 50.0, -40.0)])


def test_the_table_has_a_column_per_point() -> None:
    console = Console(width=120, color_system=None)
    with console.capture() as capture:
        console.print(grades_table([(1.0, 2.0, 3.0), (4.0, 5.0, 6.0)], [GRADE, GRADE]))
    rows = [re.split(r" {2,}", line.strip()) for line in capture.get().splitlines()[4:] if line.strip()]
    assert rows == [
        ["nodule", "93%", "93%"],
        ["malignancy (1 to 5)", "3.6", "3.6"],
        ["malignancy above 3", "71%", "71%"],
        ["spiculation", "2.2", "2.2"],
        ["calcification", "12%", "12%"],
    ]


@pytest.mark.parametrize(("at", "told"), [("1,2", "write X,Y,Z"), ("9999,0,0", "lies outside of the scan")])
def test_wrong_points_end_with_exit_2(at: str, told: str, small_study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["grade", str(small_study), "--at", at, "--quiet"]) == 2
    assert told in capsys.readouterr().err


def test_a_bundle_of_another_stage_is_refused(small_study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["grade", str(small_study), "--at", "0,0,0", "--bundle", "lung_segmentation=x"]) == 2
    assert "nodule_grading only" in capsys.readouterr().err


def test_a_nodule_is_graded_higher_than_lung_without_one(
    small_study: Path, small_phantom: PhantomScan, require_weights: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    require_weights("nodule_grading")
    nodule = small_phantom.truth[0].center_lps_mm
    lung = np.argwhere((small_phantom.lungs > 0) & (small_phantom.ct.hu < -850))
    affine = small_phantom.ct.affine_lps
    empty = next(p for p in lung[::97] @ affine[:3, :3].T + affine[:3, 3] if np.linalg.norm(p - nodule) > 60)
    assert run(["grade", str(small_study), "--at", point_text(nodule), "--at", point_text(tuple(empty)), "--json"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    answer = json.loads(out)
    assert [m["stage"] for m in answer["models"]] == ["nodule_grading"]
    on_nodule, elsewhere = answer["grades"]
    assert on_nodule["center_lps_mm"] == pytest.approx(nodule, abs=0.06)
    assert on_nodule["probability"] > 0.5 > elsewhere["probability"]
    assert 1.0 <= on_nodule["malignancy"] <= 5.0
    assert set(on_nodule["attributes"]) == {"subtlety", "sphericity", "margin", "lobulation", "spiculation", "texture", "calcification"}
