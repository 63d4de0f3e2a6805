from __future__ import annotations

from pathlib import Path

import pytest

from nodulescope.apps.nodule_ct.settings import Settings, read_settings
from nodulescope.bundles.errors import InputError, UsageError
from nodulescope.operators.guidelines.history import PatientHistory
from nodulescope.operators.nodules import Thresholds


def test_what_ships_is_the_default() -> None:
    assert read_settings() == Settings()


def write(folder: Path, text: str) -> Path:
    file = folder / "mine.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_what_is_left_out_keeps_its_default(tmp_path: Path) -> None:
    text = "bundles:\n  nodule_detection: /bundles/other\nmagnifications: [1, 2]\noverlap: 0.3\n"
    text += "thresholds:\n  smallest_mm: 4\nseries_uid: 1.2.3\nprior: /studies/before\ncompare_older: false\nlanguage: zh\n"
    settings = read_settings(write(tmp_path, text))
    assert settings == Settings(
        bundles={"nodule_detection": Path("/bundles/other")},
        magnifications=(1.0, 2.0),
        overlap=0.3,
        thresholds=Thresholds(smallest_mm=4),
        series_uid="1.2.3",
        prior=Path("/studies/before"),
        compare_older=False,
        language="zh",
    )


def test_the_history_is_a_file_of_its_own(tmp_path: Path) -> None:
    history = tmp_path / "patient.json"
    history.write_text('{"age": 63, "emphysema": true}', encoding="utf-8")
    assert read_settings(write(tmp_path, f"history: {history}\n")).history == PatientHistory(age=63.0, emphysema=True)
    with pytest.raises(InputError, match=r"absent\.json: No such file"):
        read_settings(write(tmp_path, f"history: {tmp_path / 'absent.json'}\n"))


@pytest.mark.parametrize("text", ["", "# nothing\n", "bundles:\nthresholds:\n", "thresholds: {}\n"])
def test_empty_settings_are_the_defaults(text: str, tmp_path: Path) -> None:
    assert read_settings(write(tmp_path, text)) == Settings()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("device: [", "mine.yaml: not valid settings"),
        ("colour: red\n", "colour"),
        ("thresholds:\n  detection: 0.3\n", "detection"),
        ("thresholds:\n  detection_score: high\n", "mine.yaml: not valid settings"),
        ("thresholds:\n  detection_score: 3\n", "detection_score must lie between 0 and 1"),
        ("magnifications: 1.5\n", "mine.yaml: not valid settings"),
        ("magnifications: [0]\n", "magnifications must be numbers between 0.25 and 8"),
        ("magnifications: []\n", "magnifications must be numbers between 0.25 and 8"),
        ("magnifications: [.nan]\n", "magnifications must be numbers between 0.25 and 8"),
        ("overlap: 1.5\n", "overlap must be at least 0 and less than 1"),
        ("language: xx\n", "no report in the language 'xx'; choose one of en, zh"),
        ("overlap: [0.1]\n", "mine.yaml: not valid settings"),
        ("bundles: [a, b]\n", "mine.yaml: not valid settings"),
        ("history: {age: 63}\n", "mine.yaml: not valid settings"),
        ("just words\n", "mine.yaml: not valid settings"),
        ("- a\n- list\n", "mine.yaml: not valid settings"),
    ],
)
def test_wrong_settings_are_told_in_one_line(text: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=told) as refused:
        read_settings(write(tmp_path, text))
    assert refused.value.exit_code == 2
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("name", ["absent.yaml", "."])
def test_settings_that_cannot_be_read_are_told(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not valid settings"):
        read_settings(tmp_path / name)


def test_settings_in_another_encoding_are_told(tmp_path: Path) -> None:
    file = tmp_path / "latin.yaml"
    file.write_bytes("device: prüf".encode("latin-1"))
    with pytest.raises(UsageError, match=r"latin\.yaml: not valid settings"):
        read_settings(file)
