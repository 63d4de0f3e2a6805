from __future__ import annotations

from pathlib import Path

import pytest

from nodulescope.apps.cli.options import parse_bundles, parse_magnifications, parse_point
from nodulescope.bundles.errors import UsageError


def test_a_bundle_is_read_with_its_stage_and_the_home_folder_is_expanded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    assert parse_bundles(["nodule_detection=~/zoo=1", "nodule_grading=g"]) == {
        "nodule_detection": Path("/home/ada/zoo=1"),
        "nodule_grading": Path("g"),
    }
    assert parse_bundles(None) == {}


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (["nodule_detection"], "write STAGE=DIR"),
        (["nodule_detection="], "write STAGE=DIR"),
        (["liver=here"], "there is no stage 'liver'"),
        (["nodule_grading=a", "nodule_grading=b"], "named twice"),
    ],
)
def test_wrong_bundles_are_refused(values: list[str], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        parse_bundles(values)


def test_magnifications_are_numbers_in_the_given_order() -> None:
    assert parse_magnifications("1,1.5,2") == (1.0, 1.5, 2.0)
    assert parse_magnifications("2") == (2.0,)


@pytest.mark.parametrize("text", ["", "1,,2", "one", "1,1", "nan", "inf"])
def test_wrong_magnifications_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="different numbers, separated by commas"):
        parse_magnifications(text)


def test_a_point_is_three_numbers() -> None:
    assert parse_point("-61.5,20,-143.25") == (-61.5, 20.0, -143.25)


@pytest.mark.parametrize("text", ["", "1,2", "1,2,3,4", "a,b,c", "1,2,nan"])
def test_a_wrong_point_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="write X,Y,Z in mm"):
        parse_point(text)
