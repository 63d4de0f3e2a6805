from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
import typer

from nodulescope.apps.cli.data.lidc import EPILOG, lidc
from nodulescope.apps.cli.options import Verbosity
from nodulescope.bundles.contracts import CTSource, CTVolume
from nodulescope.bundles.errors import InputError, UsageError
from nodulescope.operators.dicom.ct_series import write_ct_series


def run(*arguments: str, quiet: bool = False) -> None:
    app = typer.Typer()
    app.command(epilog=EPILOG)(lidc)
    app(args=list(arguments), standalone_mode=False, obj=Verbosity(quiet=quiet))


def reading(series: str, uids: list[str]) -> str:
    """Four readers outline 5x5 pixels around (34, 20) on slices 14 to 16."""
    ring = (
        [(i, -3) for i in range(-3, 3)]
        + [(3, i) for i in range(-3, 3)]
        + [(-i, 3) for i in range(-3, 3)]
        + [(-3, -i) for i in range(-3, 3)]
    )
    line = "".join(f"<edgeMap><xCoord>{34 + i}</xCoord><yCoord>{20 + j}</yCoord></edgeMap>" for i, j in ring)
    rois = "".join(
        f"<roi><imageZposition>{5 * k}</imageZposition><imageSOP_UID>{uids[k]}</imageSOP_UID><inclusion>TRUE</inclusion>{line}</roi>"
        for k in (14, 15, 16)
    )
    rated = "<characteristics><malignancy>4</malignancy></characteristics>"
    nodule = f"<unblindedReadNodule><noduleID>1</noduleID>{rated}{rois}</unblindedReadNodule>"
    header = f"<ResponseHeader><SeriesInstanceUid>{series}</SeriesInstanceUid><StudyInstanceUID>1.1</StudyInstanceUID></ResponseHeader>"
    sessions = f"<readingSession>{nodule}</readingSession>" * 4
    return f'<LidcReadMessage xmlns="http://www.nih.gov">{header}{sessions}</LidcReadMessage>'


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two chests of 4x4x5 mm, one without its reading; an archive with a reading, one of a radiograph, a broken one and a lonely one."""
    from pydicom import dcmread

    root = tmp_path_factory.mktemp("LIDC-IDRI")
    shape = (48, 40, 30)
    affine = np.diag([4.0, 4.0, 5.0, 1.0])
    x, y, z = np.moveaxis(np.moveaxis(np.indices(shape), 0, -1) * (4.0, 4.0, 5.0), -1, 0)
    hu = np.where(((x - 94) / 90) ** 2 + ((y - 78) / 72) ** 2 < 1, 40.0, -1000.0).astype(np.float32)
    for middle in (52.0, 136.0):
        hu[((x - middle) / 32) ** 2 + ((y - 78) / 55) ** 2 + ((z - 72) / 62) ** 2 < 1] = -850.0
    ct = CTVolume(hu, affine, CTSource("phantom"))
    files = write_ct_series(ct, root / "b", patient_id="LIDC-IDRI-0001", patient_name="N")
    write_ct_series(ct, root / "a", patient_id="LIDC-IDRI-0004", patient_name="N")
    headers = [dcmread(file, stop_before_pixels=True) for file in files]
    uids = [str(header.SOPInstanceUID) for header in headers]
    with zipfile.ZipFile(root / "LIDC-XML-only.zip", "w") as archive:
        archive.writestr("1/1.xml", reading(str(headers[0].SeriesInstanceUID), uids))
        archive.writestr("1/2.xml", "<IdriReadMessage/>")
        archive.writestr("1/3.xml", "<LidcReadMessage")
        archive.writestr("1/4.xml", reading("9.9.9", uids))
    return root


def test_datalists_are_written_and_named(published: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    run(str(published), "-o", str(out))
    captured = capsys.readouterr()
    assert captured.out.splitlines() == [
        "1 scans with 1 nodules to be found and 0 that count neither way",
        "Ignored: 1 XML files that read chest radiographs",
        f"Left out: 3 series or files; {out / 'left_out.csv'} says why",
        str(out / "scans.json"),
    ]
    assert "[2/2] Reading headers" in captured.err
    assert "[1/1] Bringing scans to 1 mm" in captured.err
    reasons = (out / "left_out.csv").read_text(encoding="utf-8")
    for reason in ("3.xml: not valid XML", "4.xml: the series that it reads is not in the folder", f"{published / 'a'}: no XML file reads"):
        assert reason in reasons
    parts = json.loads((out / "scans.json").read_text(encoding="utf-8"))
    (item,) = (item for part in parts.values() for item in part)
    assert (item["patient"], item["box_class"]) == ("LIDC-IDRI-0001", [0])
    assert item["nodules"][0]["readers"] == 4
    capsys.readouterr()
    run(str(published), "-o", str(out), "--folds", "2", "--readers", "4", quiet=True)
    assert capsys.readouterr() == ("", "")
    assert sorted(file.name for file in out.glob("scans*.json")) == ["scans.json", "scans_fold0.json", "scans_fold1.json"]


@pytest.mark.parametrize("agreement", ["0", "-1"])
def test_an_agreement_of_nobody_is_refused(tmp_path: Path, agreement: str) -> None:
    with pytest.raises(UsageError, match="--agreement"):
        run(str(tmp_path), "-o", str(tmp_path / "out"), "--agreement", agreement)


def test_a_folder_without_one_of_the_two_is_told(published: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no XML file of readers' marks"):
        run(str(published / "a"), "-o", str(tmp_path / "out"), quiet=True)
    (tmp_path / "xml").mkdir()
    (tmp_path / "xml" / "a.xml").write_text(reading("1.2", [f"s{k}" for k in range(30)]), encoding="utf-8")
    with pytest.raises(InputError, match="holds no CT series"):
        run(str(tmp_path / "xml"), "-o", str(tmp_path / "out"), quiet=True)
    with pytest.raises(InputError, match="there is no such folder"):
        run(str(tmp_path / "absent"), "-o", str(tmp_path / "out"), quiet=True)
