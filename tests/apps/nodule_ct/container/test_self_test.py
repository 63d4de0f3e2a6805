from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nodulescope.apps.nodule_ct.container import self_test as module
from nodulescope.apps.nodule_ct.container.self_test import check_findings, self_test
from nodulescope.bundles.errors import UsageError

TRUTH: dict[str, Any] = {
    "series_instance_uid": "1.2.3",
    "lung_volumes_ml": {"total": 4000.0},
    "nodules": [{"center_lps_mm": [70.0, 40.0, 70.0], "kind": "solid", "mean_diameter_mm": 14.0, "side": "left"}],
}


def findings(**changes: Any) -> dict[str, Any]:
    nodule = {"center_lps_mm": [71.0, 41.0, 69.0], "mean_diameter_mm": 13.0, "side": "left"} | changes
    return {"input": {"series_instance_uid": "1.2.3"}, "lungs": {"volume_ml": {"total": 4100}}, "nodules": [nodule]}


def test_an_installation_that_works_passes_every_check() -> None:
    assert check_findings(TRUTH, findings()) == {
        "the study's own series was analysed": True,
        "the solid nodule of 14.0 mm in the left lung was found": True,
        "the solid nodule of 14.0 mm in the left lung was measured: 13.0 mm": True,
        "the lungs of 4000 ml were measured: 4100 ml": True,
    }


@pytest.mark.parametrize(
    ("changes", "failed"),
    [
        ({"center_lps_mm": [-70.0, 40.0, 70.0]}, "was found"),
        ({"mean_diameter_mm": 10.0}, "was measured: 10.0 mm"),
        ({"side": "right"}, "was measured: 13.0 mm"),
    ],
)
def test_a_wrong_result_fails_its_check(changes: dict[str, Any], failed: str) -> None:
    (name,) = [what for what, holds in check_findings(TRUTH, findings(**changes)).items() if not holds]
    assert name.endswith(failed)


def test_wrong_lungs_and_the_wrong_series_fail() -> None:
    wrong = findings() | {"input": {"series_instance_uid": "9"}, "lungs": {"volume_ml": {"total": 3000}}}
    assert list(check_findings(TRUTH, wrong).values()) == [False, True, True, False]


def test_the_status_of_a_failing_application_is_passed_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "truth.json").write_text("{}")
    monkeypatch.setattr(module, "_run_application", lambda _arguments: 4)
    assert self_test([], tmp_path) == 4
    assert capsys.readouterr().out == "FAILED  the application ended with exit status 4\n"


def test_an_image_without_its_phantom_says_so(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="the image is incomplete"):
        self_test([], tmp_path)
