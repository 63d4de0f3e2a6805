from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from nodulescope.bundles.contracts import CTSource
from nodulescope.operators.examination import Assessment, Examination, NotAssessed
from nodulescope.operators.report import render_html_report, write_html_report

MakeExamination = Callable[..., Examination]

VOID = {"meta", "link", "img", "input", "br"}
HOSTILE = "</script><script>x()</script><img src=x onerror=\"x('')\">&{{ 7 }}"


class Page(HTMLParser):
    """Elements and visible text of a page; fails on tags that are not closed in order."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.rows: list[list[str]] = []
        self._open: list[str] = []
        self.feed(source)
        self.close()
        assert self._open == [], f"never closed: {self._open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self._open and self._open.pop() == tag, f"</{tag}> closes nothing at {self.getpos()}"
        self.text += " "

    def handle_data(self, data: str) -> None:
        if not {"script", "style"} & set(self._open):
            self.text += data
            if {"td", "th"} & set(self._open):
                self.rows[-1][-1] += data.strip()

    def values(self, name: str) -> list[str]:
        return [attributes[name] for _, attributes in self.elements if name in attributes]


@pytest.fixture(scope="module")
def source(examination: Examination) -> str:
    return render_html_report(examination)


@pytest.fixture(scope="module")
def page(source: str) -> Page:
    return Page(source)


def test_nothing_comes_from_elsewhere(source: str, page: Page) -> None:
    links = page.values("src") + page.values("href")
    assert links and all(link.startswith(("data:", "#")) for link in links)
    css = re.search(r"<style>(.*?)</style>", source, re.DOTALL)
    assert css and "@import" not in css[1] and set(re.findall(r"url\(([^)]*)\)", css[1])) == {"#window-lung", "#window-mediastinum"}
    assert "http://" not in source and "https://" not in source


def test_policy_forbids_what_the_report_does_not_need(source: str) -> None:
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', source)
    script = re.search(r"<script>(.*?)</script>", source, re.DOTALL)
    assert policy and script and source.count("<script") == 1
    digest = base64.b64encode(hashlib.sha256(script[1].encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy[1] and "default-src 'none'" in policy[1]


def test_first_screen(page: Page) -> None:
    text = " ".join(page.text.split())
    first_screen = text[: text.index("Diameters in mm")]
    for said in (
        "Research use only, not a medical device.",
        "2024-02-29 · Thorax 2.5 mm",
        "Lung-RADS – not assessed 3 nodules · No prior compared Airways and cysts are not seen.",
        "No guideline gives a recommendation for this examination.",
        "3 nodules",
        "1 of 3 with malignancy probably above 3 of 5",
        "1 is a mass (mean diameter above 30 mm)",
        "Nodule 1 left lung, solid, 32.0 mm malignancy 4.6 of 5 (93% above 3)",
        "No prior compared",
        "4744 ml right 2534 ml, left 2210 ml Both lungs lie fully within the scan.",
        "Slices are 2.5 mm apart.",
        "Not assessed: 1",
    ):
        assert said in first_screen


def test_every_nodule_with_its_numbers(page: Page) -> None:
    table = [row for row in page.rows if len(row) == 9]
    assert table == [
        [
            "No.",
            "Side",
            "Type",
            "Mean diameter",
            "Long × short axis",
            "Volume",
            "Malignancy, 1 to 5",
            "Probability above 3",
            "Nodule probability",
        ],
        ["1", "left", "solid, mass", "32.0 mm", "32.4 × 31.6 mm", "17\u202f157 mm³", "4.6", "93%", "87%"],
        ["2", "right", "ground-glass", "10.0 mm", "10.4 × 9.6 mm", "524 mm³", "2.7", "18%", "87%"],
        ["3", "right", "solid", "8.0 mm", "8.4 × 7.6 mm", "268 mm³", "1.9", "<1%", "87%"],
    ]


def test_links_lead_somewhere_and_pictures_have_words(page: Page) -> None:
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    assert {"nodule-1", "nodule-2", "nodule-3"} <= set(ids)
    assert {link[1:] for link in page.values("href") if link.startswith("#")} <= set(ids)
    pictures = [attributes for tag, attributes in page.elements if tag == "img"]
    described = [attributes["alt"] for attributes in pictures if attributes["alt"]]
    assert len(pictures) == 1 + 2 + 3 * 4 and len(described) == 2 + 3 * 3
    assert "Coronal CT picture of nodule 2, 64 mm wide, patient's left on the right" in described
    markers = [attributes["aria-label"] for _, attributes in page.elements if attributes.get("class") == "marker"]
    assert markers.count("Nodule 1: left lung, solid, 32.0 mm") == 2 and len(markers) == 6


def test_provenance(page: Page) -> None:
    assert ["Nodule detection", "nodule_detection", "0.3.1", "0123456789ab"] in page.rows
    text = " ".join(page.text.split())
    assert "Lung-RADS category Airways and cysts are not seen." in text
    assert "Nodule detection 20.5 s Total 21.8 s Peak memory 3120 MB" in text
    assert "Made by nodulescope 9.8.7" in text


def test_no_patient_is_named(source: str) -> None:
    assert "secret" not in source.lower() and "4711" not in source


def test_no_nodule_reads_well(make_examination: MakeExamination) -> None:
    page = Page(render_html_report(make_examination(balls=(), warnings=())))
    text = " ".join(page.text.split())
    assert text.count("No nodule found") == 2  # beside the category, and among the facts
    assert "No place in either lung passed the threshold of the detector. This does not exclude nodules." in text
    assert "The lungs Coronal projection" in text and "No warnings about the input." in text
    for absent in ("Most suspicious", "Probability above 3", "Axial slices", "A number leads", "nodule-1"):
        assert absent not in text
    assert [attributes for tag, attributes in page.elements if tag in ("article", "canvas")] == []


def test_one_nodule_partly_covered_lungs(make_examination: MakeExamination) -> None:
    examination = make_examination(covered=False)
    text = " ".join(Page(render_html_report(replace(examination, nodules=examination.nodules[:1], peak_memory_mb=None))).text.split())
    assert "1 nodule 1 of 1 with malignancy" in text
    assert "Part of the lungs lies outside the scan and was not examined." in text
    assert "Peak memory" not in text


def test_a_follow_up_says_what_changed(follow_up: Examination) -> None:
    page = Page(render_html_report(follow_up))
    text = " ".join(page.text.split())
    rows = {row[0]: row for row in page.rows if len(row) == 11 and row[0].isdigit()}
    assert [rows[n][6] for n in "123"] == [n.lung_rads for n in follow_up.nodules]
    assert [rows[n][7] for n in "123"] == ["growing, +95 %", "new", "stable, +3 %"]
    for said in (
        "Lung-RADS 4B Very suspicious 3 nodules · 1 new, 1 growing, 1 stable, 1 resolved Nodule 1: a mass, over 30 mm",
        "Prior 1 new, 1 growing, 1 stable, 1 resolved Prior of 2023-02-28, 366 days earlier".removeprefix("Prior "),
        "The prior does not cover the whole lungs.",
        "366 days apart. Volume doubling time 379 days.",
        "The change of volume lies within the error of measurement (25 %): no doubling time.",
        "Seen in the prior examination, not found now at the same place.",
    ):
        assert said in text
    assert ["Mean diameter", "25.6 mm", "32.0 mm", "+6.4 mm"] in page.rows
    assert ["4", "right", "solid", "6.2 mm", "125 mm³"] in page.rows
    sheets = [attributes for tag, attributes in page.elements if tag == "img" and attributes.get("class") == "sheet"]
    assert len(sheets) == 3 + 2  # nodule 2 is new: there is no prior picture of it


def test_a_prior_known_by_its_findings_alone_has_no_pictures(follow_up: Examination) -> None:
    comparison = follow_up.comparison
    assert comparison is not None
    by_findings = replace(comparison, prior=replace(comparison.prior, ct=None))
    page = Page(render_html_report(replace(follow_up, comparison=by_findings)))
    assert page.text.count("The prior's pictures were not at hand.") == 2
    assert [attributes.get("class") for tag, attributes in page.elements if tag == "img"].count("sheet") == 3


def test_hostile_words_stay_words(make_examination: MakeExamination) -> None:
    examination = make_examination(
        description=HOSTILE, warnings=(HOSTILE,), assessment=Assessment(not_assessed=(NotAssessed(HOSTILE, HOSTILE),))
    )
    plain = Page(render_html_report(make_examination()))
    source = render_html_report(examination)
    page = Page(source)
    assert page.text.count(HOSTILE) == 5  # subtitle, warning, what was not assessed, why, series
    assert source.count("<script") == 1 and "<img src=x" not in source
    assert [tag for tag, _ in page.elements].count("img") == [tag for tag, _ in plain.elements].count("img")
    assert not any(name.startswith("on") for _, attributes in page.elements for name in attributes)


def test_size_of_a_noisy_nodule(make_examination: MakeExamination) -> None:
    examination = make_examination(noise_hu=40.0)
    assert len(render_html_report(examination)) < 3 * 600_000  # so that ten stay below 6 MB


def test_written_whole_or_not_at_all(examination: Examination, tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    target.write_text("old")
    write_html_report(examination, target)
    assert target.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert list(tmp_path.iterdir()) == [target]
    with pytest.raises(OSError, match="absent"):
        write_html_report(examination, tmp_path / "absent" / "report.html")


def test_the_same_examination_gives_the_same_bytes(examination: Examination, source: str) -> None:
    assert render_html_report(examination) == source


def test_formats_without_headers_have_a_report(examination: Examination) -> None:
    plain = replace(examination, ct=replace(examination.ct, source=CTSource("nrrd", "scan.nrrd")))
    text = " ".join(Page(render_html_report(plain)).text.split())
    assert "Format NRRD" in text and "slice 31 of 60, z −225.0 mm" in text
