"""`nodulescope tune` writes settings with which the application does what tuning said it does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from nodulescope.apps.cli.tune import tune
from nodulescope.apps.nodule_ct.chain import examine
from nodulescope.apps.nodule_ct.settings import Settings, read_settings
from nodulescope.bundles.contracts import CTVolume
from nodulescope.bundles.coordinates import swap_ras_lps
from nodulescope.bundles.errors import InputError, UsageError
from nodulescope.operators.stopwatch import Stopwatch

Balls = list[tuple[tuple[float, float, float], float]]


@pytest.fixture
def labelled(chest_ct: CTVolume, balls: Balls, tmp_path: Path) -> Path:
    """A datalist whose one scan shows two balls; only the first one is labelled, so the other one is a false positive."""
    nibabel.save(nibabel.Nifti1Image(chest_ct.hu.astype(np.int16), swap_ras_lps(chest_ct.affine_lps)), tmp_path / "chest.nii.gz")
    (center, diameter), _ = balls
    item = {"image": "chest.nii.gz", "box": [[*center, *[diameter] * 3]], "box_class": [0]}
    file = tmp_path / "scans.json"
    file.write_text(json.dumps({"validation": [item], "empty": [{**item, "box": [], "box_class": []}]}), encoding="utf-8")
    return file


def run(*arguments: object) -> Any:
    app = typer.Typer()
    app.command()(tune)
    return CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=True)


def test_the_application_reads_the_setting_that_was_chosen(labelled: Path, settings: Settings, tmp_path: Path) -> None:
    bundles = [f"--bundle={stage}={folder}" for stage, folder in settings.bundles.items()]
    options = [labelled, "-o", tmp_path / "tuned", "--device", "cpu", "--magnifications", "1", "--magnifications", "1,1.5", *bundles]
    done = run(*options, "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert (told["part"], told["scans"], told["nodules"]) == ("validation", 1, 1)
    assert told["sensitivity"] == 1.0
    names = ["scans", "settings.yaml", "tradeoff.csv", "tradeoff.png", "tradeoff.svg"]
    assert sorted(f.name for f in (tmp_path / "tuned").iterdir()) == names
    assert len((tmp_path / "tuned" / "tradeoff.csv").read_text(encoding="utf-8").splitlines()) == told["settings_tried"] + 1

    chosen = read_settings(tmp_path / "tuned" / "settings.yaml")
    assert chosen.bundles == settings.bundles
    assert chosen.magnifications == tuple(told["magnifications"])
    assert chosen.overlap == told["overlap"]
    assert chosen.thresholds.nodule_probability == told["thresholds"]["nodule_probability"]
    found = examine(labelled.with_name("chest.nii.gz"), chosen, Stopwatch()).nodules
    assert len(found) == 1 + told["false_positives"]

    shown = run(*options)
    assert shown.exit_code == 0
    assert "Best with at most 4 false positives per scan (part 'validation': scans 1, nodules 1)" in " ".join(shown.stdout.split())
    assert shown.stdout.count("chosen") == 1
    assert str(tmp_path / "tuned" / "settings.yaml") in shown.stdout.replace("\n", "")


@pytest.mark.parametrize(
    ("options", "error", "told"),
    [
        (["--magnifications", "0,1"], UsageError, "magnifications must be numbers between"),
        (["--part", "empty"], InputError, "has no nodule to find"),
        (["--part", "test"], InputError, "has no part named 'test'"),
    ],
)
def test_what_cannot_be_tuned_is_told_before_anything_runs(
    options: list[str], error: type[Exception], told: str, labelled: Path, tmp_path: Path
) -> None:
    done = run(labelled, "-o", tmp_path / "tuned", *options)
    assert isinstance(done.exception, error)
    assert told in str(done.exception)
    assert not (tmp_path / "tuned").exists()
