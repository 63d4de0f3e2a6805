from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813 - the name that its own documentation uses
import typer

from nodulescope.apps.cli.data.luna16 import EPILOG, luna16
from nodulescope.apps.cli.options import Verbosity
from nodulescope.bundles.errors import InputError

PLACE = "seriesuid,coordX,coordY,coordZ,diameter_mm\n"


def run(arguments: list[str], *, quiet: bool = False) -> None:
    app = typer.Typer()
    app.command(epilog=EPILOG)(luna16)
    app(args=arguments, standalone_mode=False, obj=Verbosity(quiet=quiet))


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """Two scans of 12 voxels of 3 mm an edge, in subsets 0 and 8; the second one's nodule lies outside."""
    root = tmp_path / "LUNA16"
    labels = np.zeros((12, 12, 12), np.uint8)
    labels[:, :, :5], labels[:, :, 7:] = 4, 3
    for series, subset in (("1.1", 0), ("1.2", 8)):
        for folder, values in ((f"subset{subset}", np.where(labels > 0, -850, 40).astype(np.int16)), ("seg-lungs-LUNA16", labels)):
            image = sitk.GetImageFromArray(values)
            image.SetSpacing((3.0, 3.0, 3.0))
            (root / folder).mkdir(parents=True, exist_ok=True)
            sitk.WriteImage(image, str(root / folder / f"{series}.mhd"))
    (root / "annotations.csv").write_text(f"{PLACE}1.1,6,6,6,5\n1.2,6,6,-90,5\n", encoding="utf-8")
    (root / "annotations_excluded.csv").write_text(f"{PLACE}1.1,30,6,6,-1\n", encoding="utf-8")
    return root


def test_datalists_are_written_and_named(published: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    run([str(published), "-o", str(out)])
    captured = capsys.readouterr()
    assert captured.out.splitlines() == [
        "1 scans with 1 nodules to be found",
        "Note: no list of patients was given, so each series stands for a patient of its own; see --patients.",
        f"Left out: 1 series; {out / 'left_out.csv'} says why",
        str(out / "scans.json"),
        str(out / "scans_fold0.json"),
    ]
    assert "[2/2] Bringing scans to 1 mm" in captured.err
    fold = json.loads((out / "scans_fold0.json").read_text(encoding="utf-8"))
    assert (len(fold["training"]), [item["box_class"] for item in fold["validation"]]) == (0, [[0, 1]])


def test_quiet_and_a_list_of_patients(published: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "patients.csv").write_text("P,1.1\n", encoding="utf-8")
    run([str(published), "-o", str(tmp_path / "out"), "--patients", str(tmp_path / "patients.csv")], quiet=True)
    assert capsys.readouterr() == ("", "")
    parts = json.loads((tmp_path / "out" / "scans.json").read_text(encoding="utf-8"))
    assert [item["patient"] for part in parts.values() for item in part] == ["P"]


def test_a_folder_without_scans_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no scan"):
        run([str(tmp_path), "-o", str(tmp_path / "out")])
