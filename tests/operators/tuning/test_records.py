from __future__ import annotations

import json
from pathlib import Path

from nodulescope.bundles.contracts import Grade
from nodulescope.operators.tuning.records import Finding, ScanRecord, Search, candidates_of, read_record, record_file

GRADE = Grade(0.9, 3.5, 0.6, {"texture": 4.5})


def cube(x: float, edge: float = 8.0) -> tuple[float, ...]:
    return (x - edge / 2, -edge / 2, -edge / 2, x + edge / 2, edge / 2, edge / 2)


def record() -> ScanRecord:
    first = Search(1.0, (Finding(cube(0.0), 0.75, True, GRADE, (0.5, 0.0, 0.0), 7.5), Finding(cube(50.0), 0.5, False)), 2.0, 0.5)
    second = Search(2.0, (Finding(cube(1.0), 0.875, True, GRADE), Finding(cube(90.0), 0.25, True, GRADE, (90.0, 0.0, 0.0), 5.0)), 0.25, 1.0)
    return ScanRecord(("a 1 x", "b 1 y"), 3.0, (first, second))


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    record().write(tmp_path / "scans" / "one.json")
    assert read_record(tmp_path / "scans" / "one.json", ("a 1 x", "b 1 y")) == record()
    assert [f.name for f in (tmp_path / "scans").iterdir()] == ["one.json"]


def test_what_other_models_said_is_not_read(tmp_path: Path) -> None:
    record().write(tmp_path / "one.json")
    assert read_record(tmp_path / "one.json", ("a 1 x", "b 2 y")) is None
    assert read_record(tmp_path / "none.json", ("a 1 x", "b 1 y")) is None


def test_images_of_one_name_have_records_of_their_own(tmp_path: Path) -> None:
    one, other = (record_file(tmp_path, f"/data/{folder}/ct.nii.gz") for folder in ("p1", "p2"))
    assert one != other
    assert one.name.startswith("ct_")
    assert one == record_file(tmp_path, "/data/p1/ct.nii.gz")


def test_candidates_are_joined_over_all_magnifications() -> None:
    found = candidates_of(record().searches, overlap=0.15)
    assert [(c.score, c.magnification, finding.mean_diameter_mm) for c, finding in found.items()] == [(0.875, 2.0, None), (0.25, 2.0, 5.0)]
    assert len(candidates_of(record().searches, overlap=0.9)) == 3
    (only,) = candidates_of(record().searches[:1], overlap=0.15)
    assert (only.center_lps_mm, only.diameter_mm) == ((0.0, 0.0, 0.0), 8.0)


def test_a_box_beside_the_lungs_pushes_others_aside_as_in_the_application() -> None:
    outside = Finding(cube(2.0), 0.9, False)
    inside = Finding(cube(0.0), 0.8, True, GRADE)
    assert candidates_of([Search(1.0, (outside, inside), 0.0, 0.0)], overlap=0.15) == {}


def test_seconds_per_closer_look_are_shared_out_over_what_was_looked_at() -> None:
    assert record().looked_closer_s() == (0.5 + 1.0) / 3
    assert ScanRecord((), 1.0, (Search(1.0, (Finding(cube(0.0), 0.05, True),), 1.0, 0.01),)).looked_closer_s() == 0.0


def test_records_are_plain_json(tmp_path: Path) -> None:
    record().write(tmp_path / "one.json")
    assert json.loads((tmp_path / "one.json").read_text(encoding="utf-8"))["searches"][0]["findings"][0]["grade"]["attributes"] == {
        "texture": 4.5
    }
