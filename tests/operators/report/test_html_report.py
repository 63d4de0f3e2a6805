from __future__ import annotations

import base64
import hashlib
import html
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from nodulescope.bundles.contracts import CTSource
from nodulescope.operators.examination import Assessment, Examination, NotAssessed, Status
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
    first_screen = text[: text.index("Where they lie")]
    for said in (
        "Research use only, not a medical device.",
        "2024-02-29 · Thorax 2.5 mm",
        "3 nodules",
        "1 of 3 with malignancy probably above 3 of 5",
        "1 is a mass (mean diameter above 30 mm)",
        "Nodule 1 left lung, solid, 32.0 mm malignancy 4.6 of 5 (93% above 3)",
        "4744 ml right 2534 ml, left 2210 ml Both lungs lie fully within the scan.",
        "Slices are 2.5 mm apart.",
    ):
        assert said in first_screen


def test_every_nodule_with_its_numbers(page: Page) -> None:
    table = [row for row in page.rows if len(row) == 10]
    assert table == [
        [
            "No.",
            "Side",
            "Type",
            "Mean diameter",
            "Long × short axis",
            "Volume",
            "Nodule probability",
            "Malignancy, 1 to 5",
            "Probability above 3",
            "Flag",
        ],
        ["1", "left", "solid", "32.0 mm", "32.4 × 31.6 mm", "17\u202f157 mm³", "87%", "4.6", "93%", "mass"],
        ["2", "right", "ground-glass", "10.0 mm", "10.4 × 9.6 mm", "524 mm³", "87%", "2.7", "18%", "none"],
        ["3", "right", "solid", "8.0 mm", "8.4 × 7.6 mm", "268 mm³", "87%", "1.9", "<1%", "none"],
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
    assert text.count("No nodule found") == 1
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


def test_categories_and_growth_are_shown_when_they_are_known(examination: Examination) -> None:
    first = replace(examination.nodules[0], lung_rads="4B", status=Status.GROWING)
    assessment = Assessment("4B", "CT at 3 months", {"probability": 0.42})
    page = Page(render_html_report(replace(examination, nodules=(first, *examination.nodules[1:]), assessment=assessment)))
    row = next(row for row in page.rows if row[0] == "1" and len(row) == 12)
    assert row[9:] == ["4B", "growing", "mass"]
    text = " ".join(page.text.split())
    assert "Lung-RADS 4B" in text and "Fleischner 2017 CT at 3 months" in text and "Brock (PanCan) risk of cancer: probability 0.42" in text
    assert "Nothing was left out." in text


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


DRIVER = """
<script>
window.addEventListener("load", () => {
  const card = document.getElementById("nodule-1");
  const viewport = card.querySelector(".viewport");
  const slider = card.querySelector(".slider");
  const where = card.querySelector(".where");
  const state = () => ({ slice: slider.value, where: where.textContent, outline: card.querySelector(".stack .outline").getAttribute("d") });
  const probe = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const grey = () => { probe.drawImage(card.querySelector("canvas"), -190, -190); return Array.from(probe.getImageData(0, 0, 1, 1).data); };
  const result = { start: state(), grey: grey() };
  const press = (key) => viewport.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
  press("ArrowUp"); result.up = state();
  press("Home"); result.home = state(); result.homeGrey = grey();
  const wheel = (deltaY) => !viewport.dispatchEvent(new WheelEvent("wheel", { deltaY, bubbles: true, cancelable: true }));
  result.wheelAtEndTaken = wheel(120);
  result.wheelTaken = wheel(-120); result.wheel = state();
  slider.value = "24"; slider.dispatchEvent(new Event("input")); result.slider = state();
  const filter = () => getComputedStyle(card.querySelector("canvas")).filter;
  result.filters = [filter()];
  card.querySelector("input[value=mediastinum]").click(); result.filters.push(filter());
  const outline = () => getComputedStyle(card.querySelector(".planes .outline")).display;
  result.outlines = [outline()];
  card.querySelector(".outline-switch").click(); result.outlines.push(outline());
  const page = () => getComputedStyle(document.body).backgroundColor;
  result.pages = [page()];
  document.getElementById("theme").click(); result.pages.push(page());
  result.overflow = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  document.body.dataset.result = JSON.stringify(result);
});
</script>
</body>"""


@pytest.fixture(scope="session")
def chromium() -> str:
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        pytest.skip("no Chromium on this machine: apt-get install chromium")
    return found


def _browse(chromium: str, page: Path, profile: Path) -> tuple[str, list[str]]:
    """The page as Chromium has it after its scripts ran, and what it wrote to its console."""
    command = [
        chromium,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        f"--user-data-dir={profile}",
        "--enable-logging=stderr",
        "--window-size=1280,900",
    ]
    command += ["--virtual-time-budget=3000", "--dump-dom", page.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]


def test_chromium_runs_it_without_an_error(chromium: str, make_examination: MakeExamination, tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    write_html_report(make_examination(description=HOSTILE), target)
    dom, console = _browse(chromium, target, tmp_path / "profile")
    assert console == []
    slider = re.search(r'<input type="range"[^>]*aria-valuetext="([^"]*)"', dom)
    assert slider and slider[1] == "image 170, slice 31 of 60, z −225.0 mm"


def test_stack_window_outline_and_theme_work_in_chromium(chromium: str, source: str, tmp_path: Path) -> None:
    # The policy would rightly refuse the test's own script, so this copy of the report goes without it.
    driven = re.sub(r"<meta http-equiv=.Content-Security-Policy.[^>]*>", "", source).replace("</body>", DRIVER)
    target = tmp_path / "driven.html"
    target.write_text(driven, encoding="utf-8")
    dom, console = _browse(chromium, target, tmp_path / "profile")
    assert console == []
    found = re.search(r'data-result="([^"]*)"', dom)
    assert found
    result = json.loads(html.unescape(found[1]))
    assert result["start"]["slice"] == "12" and result["start"]["where"].startswith("image 170, slice 31")
    assert result["start"]["outline"].startswith("M") and 180 < result["grey"][0] < 200
    assert result["up"]["slice"] == "13" and result["up"]["where"].startswith("image 169, slice 32")
    assert result["home"] == {"slice": "0", "where": "image 182, slice 19 of 60, z −255.0 mm", "outline": ""}
    assert result["homeGrey"][0] < 80  # lung, no longer the nodule
    assert result["wheelAtEndTaken"] is False and result["wheelTaken"] is True and result["wheel"]["slice"] == "3"
    assert result["slider"]["slice"] == "24" and "slice 43" in result["slider"]["where"]
    assert [re.search(r"window-\w+", f)[0] for f in result["filters"]] == ["window-lung", "window-mediastinum"]  # type: ignore[index]
    assert result["outlines"] == ["inline", "none"]
    assert result["pages"] == ["rgb(243, 244, 246)", "rgb(14, 17, 20)"]
    assert result["overflow"] == 0
