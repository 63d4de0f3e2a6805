from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest

from nodulescope.bundles.coordinates import swap_ras_lps
from nodulescope.bundles.data.annotation_check import examine_all, list_items
from nodulescope.bundles.data.cube_datalist import CubeDatalist
from nodulescope.bundles.data.review import ReviewSite
from nodulescope.bundles.errors import UsageError

SHAPE = (60, 60, 40)
CENTERS = ((10.0, 20.0, 20.0), (30.0, 30.0, 20.0), (40.0, 40.0, 25.0))


class Links(HTMLParser):
    """Everything that a page refers to."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.found: list[str] = []
        self.tags: list[str] = []
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.found += [value for name, value in attrs if name in ("href", "src") and value]


@pytest.fixture
def datalist(tmp_path: Path) -> Path:
    """Two scans of three nodules: the first is in order but for one annotation of two readers, the second lies in two parts."""
    affine = np.eye(4)
    index = np.moveaxis(np.indices(SHAPE), 0, -1)
    inside = np.any([np.linalg.norm(index - center, axis=-1) < 4.0 for center in CENTERS], axis=0)
    folder = tmp_path / "data"
    folder.mkdir()
    for name, values in (
        ("ct", np.where(inside, 30, -850)),
        ("lungs", np.ones(SHAPE)),
        ("outline", np.linalg.norm(index - CENTERS[0], axis=-1) < 4.0),
    ):
        nibabel.save(nibabel.Nifti1Image(values.astype(np.int16), swap_ras_lps(affine)), folder / f"{name}.nii.gz")
    (folder / "ct2.nii.gz").write_bytes((folder / "ct.nii.gz").read_bytes())
    nodules = [
        {
            "id": f"<n{number}>",
            "center_lps_mm": list(center),
            "size_mm": [7.0, 7.0, 7.0],
            "diameter_mm": 7.8,
            "readers": 3 - (number == 10),
            "ratings": [],
        }
        for number, center in zip((9, 10, 2), CENTERS, strict=True)
    ]
    nodules[0] |= {
        "outline": "outline.nii.gz",
        "ratings": [[5, 4, None, 4, 1, 2, 5, 6], [4, 4, 3, 4, 1, 2, 5, 6], [3, 5, 3, 4, 1, 2, 5, 6]],
    }
    item: dict[str, Any] = {
        "image": "ct.nii.gz",
        "label": "lungs.nii.gz",
        "patient": "p1",
        "box": [[*n["center_lps_mm"], *n["size_mm"]] for n in nodules],
        "box_class": [0, 1, 0],
        "nodules": nodules,
    }
    leak = item | {"image": "ct2.nii.gz"}
    empty = {"image": "gone.nii.gz", "label": "lungs.nii.gz", "patient": "p3", "box": [], "box_class": []}
    path = folder / "scans.json"
    path.write_text(json.dumps({"training": [item, empty], "test": [leak]}), encoding="utf-8")
    return path


def write(datalist: Path, folder: Path, **options: Any) -> ReviewSite:
    with ReviewSite(folder, datalist, 3, **options) as site:
        for examined in examine_all(list_items(datalist), least_readers=3):
            site.add(examined)
    return site


def records(folder: Path) -> list[dict[str, Any]]:
    text = (folder / "records.js").read_text(encoding="utf-8")
    loaded: list[dict[str, Any]] = json.loads(text.removeprefix("const RECORDS = ").removesuffix(";\n"))
    return loaded


def test_violations_come_first_then_patients_and_ids_as_people_count(datalist: Path, tmp_path: Path) -> None:
    site = write(datalist, tmp_path / "review")
    assert [record["text"] for record in records(tmp_path / "review")] == [
        "p1 ct2.nii.gz <n2>",  # errors: the patient is in two parts
        "p1 ct2.nii.gz <n9>",
        "p1 ct2.nii.gz <n10>",
        "p1 ct.nii.gz <n10>",  # a note
        "p1 ct.nii.gz <n2>",
        "p1 ct.nii.gz <n9>",
    ]
    assert records(tmp_path / "review")[2]["rules"] == ["patient-in-two-parts", "too-few-readers"]
    assert site.result.to_json() == json.loads((tmp_path / "review" / "review.json").read_text(encoding="utf-8"))
    assert site.result.to_json()["counts"] == {"unreadable": 1, "patient-in-two-parts": 1, "too-few-readers": 2}


def test_every_link_leads_to_a_file_of_the_folder_and_no_further(datalist: Path, tmp_path: Path) -> None:
    write(datalist, tmp_path / "review")
    pages = [tmp_path / "review" / "index.html", *sorted((tmp_path / "review" / "pages").iterdir())]
    assert len(pages) == 7
    for page in pages:
        for link in Links(page).found:
            assert link.startswith("#") or (page.parent / link.partition("#")[0]).resolve().is_relative_to(tmp_path / "review")
            assert link.startswith("#") or (page.parent / link.partition("#")[0]).is_file(), link
    assert len(list((tmp_path / "review" / "pictures").iterdir())) == 6 * 3
    steps = [link for link in Links(pages[2]).found if re.fullmatch(r"\d+\.html", link)]
    assert steps == ["00001.html", "00003.html"]
    for asset in ("review.css", "review.js"):
        assert "http" not in (tmp_path / "review" / asset).read_text(encoding="utf-8")


def test_a_page_shows_what_is_known(datalist: Path, tmp_path: Path) -> None:
    write(datalist, tmp_path / "review")
    page = (tmp_path / "review" / "pages" / "00006.html").read_text(encoding="utf-8")
    words = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))
    for text in ("&lt;n9&gt;", "7.8 mm", "10.0, 20.0, 20.0 mm", "centre in the right lung", "30 HU on average", "6 of 6"):
        assert text in words, text
    assert "malignancy 5 4 3 4.0" in words
    assert "sphericity – 3 3 3.0" in words
    assert len(re.findall(r'<path class="outline"', page)) == 4
    noted = (tmp_path / "review" / "pages" / "00004.html").read_text(encoding="utf-8")
    assert "2 of at least 3" in noted and '<rect class="box"' in noted and '<path class="outline"' not in noted


def test_violations_of_items_without_annotations_stand_in_the_overview(datalist: Path, tmp_path: Path) -> None:
    write(datalist, tmp_path / "review")
    index = (tmp_path / "review" / "index.html").read_text(encoding="utf-8")
    section = index.partition('<section id="unpaged"')[2]
    assert section.count("<tr>") == 2 and "gone.nii.gz" in section


def test_annotations_without_violations_can_be_left_out(datalist: Path, tmp_path: Path) -> None:
    site = write(datalist, tmp_path / "review", only_violations=True)
    assert [record["text"] for record in records(tmp_path / "review")][3:] == ["p1 ct.nii.gz <n10>"]
    assert site.result.annotations == 6
    assert len(list((tmp_path / "review" / "pictures").iterdir())) == 4 * 3


def test_an_earlier_review_is_replaced_and_nothing_else_is(datalist: Path, tmp_path: Path) -> None:
    write(datalist, tmp_path / "review")
    (tmp_path / "review" / "pages" / "99999.html").touch()
    write(datalist, tmp_path / "review")
    assert not (tmp_path / "review" / "pages" / "99999.html").exists()
    with pytest.raises(UsageError, match="holds something else than a review"):
        write(datalist, datalist.parent)
    assert datalist.is_file()


def test_a_review_that_fails_leaves_what_was_there(datalist: Path, tmp_path: Path) -> None:
    write(datalist, tmp_path / "review")
    before = sorted(path.name for path in (tmp_path / "review").rglob("*"))
    site = ReviewSite(tmp_path / "review", datalist)
    with pytest.raises(AttributeError), site:
        site.add(None)  # type: ignore[arg-type]
    assert sorted(path.name for path in (tmp_path / "review").rglob("*")) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "review"]


def test_cubes_show_each_readers_outline_and_an_annotation_without_an_outline_is_still_drawn(tmp_path: Path) -> None:
    cubes = CubeDatalist(tmp_path / "cubes", validation_fold=-1)
    index = np.moveaxis(np.indices((64, 64, 64)), 0, -1) - 31.5
    balls = [np.linalg.norm(index, axis=-1) < radius for radius in (4.0, 5.0)]
    hu = np.where(balls[1], 20.0, -850.0)
    cubes.add("p1__a", "p1", hu, outline=balls[0], ratings=[[3, 3, 3, 3, 3, 3, 3, 6]] * 2, readers=balls)
    cubes.add("p2__b", "p2", hu, outline=np.zeros_like(balls[0]), ratings=[])
    write(cubes.write(), tmp_path / "review")
    empty, full = ((tmp_path / "review" / "pages" / f"0000{n}.html").read_text(encoding="utf-8") for n in (1, 2))
    assert "p2 <span" in empty and "empty" in empty and "../pictures/" in empty and 'class="outline"' not in empty
    assert len(re.findall(r'class="reader-[12]"', full)) == 4 * 2
    assert "Place in the cube" in full and "Lungs" not in full


def test_what_cannot_be_seen_is_said(datalist: Path, tmp_path: Path) -> None:
    content = json.loads(datalist.read_text(encoding="utf-8"))
    item = content["training"][0]
    item["nodules"][0]["center_lps_mm"][2] = item["box"][0][2] = 900.0
    datalist.write_text(json.dumps({"training": [item], "test": [item | {"image": "gone.nii.gz", "patient": "p2"}]}), encoding="utf-8")
    write(datalist, tmp_path / "review")
    pages = [path.read_text(encoding="utf-8") for path in sorted((tmp_path / "review" / "pages").iterdir())]
    assert sum("it lies outside the image" in page for page in pages) == 1
    assert sum("the image cannot be read" in page for page in pages) == 3
