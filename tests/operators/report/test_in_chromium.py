"""The report in a real headless Chromium, driven through its debugging pipe: real keys, real screens, and every request that it makes."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nodulescope.operators.examination import Examination
from nodulescope.operators.examination.findings_json import examination_to_findings
from nodulescope.operators.report import write_html_report

MakeExamination = Callable[..., Examination]

SECONDS = 120.0
"""Patience with a busy machine."""


class Browser:
    """One page in one Chromium.

    Attributes:
        requests: addresses that the page asked for, data URIs left out.
        messages: what it wrote to the console, and errors of scripts and of its content security policy.
    """

    def __init__(self, executable: str, profile: Path) -> None:
        commands_in, self._to = os.pipe()
        self._from, answers_out = os.pipe()
        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe", f"--user-data-dir={profile}", "about:blank"]
        self._process = subprocess.Popen(
            # Chromium reads commands from descriptor 3 and answers on 4; bash moves the pipes there (sh knows one digit only).
            ["bash", "-c", f'exec "$@" 3<&{commands_in} 4>&{answers_out}', "bash", executable, *flags],
            pass_fds=(commands_in, answers_out),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(commands_in)
        os.close(answers_out)
        self._number = 0
        self._session: str | None = None
        self._unread = b""
        self._events: list[dict[str, Any]] = []
        self.requests: list[str] = []
        self.messages: list[str] = []
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._to)
        os.close(self._from)

    def send(self, method: str, **parameters: object) -> dict[str, Any]:
        """Give one command and wait for its answer."""
        self._number += 1
        command = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            command["sessionId"] = self._session
        os.write(self._to, json.dumps(command).encode() + b"\0")
        while True:
            message = self._read()
            if message.get("id") == self._number:
                assert "error" not in message, message
                return dict(message["result"])

    def open(self, page: Path) -> None:
        """Load a file and wait until its scripts have run and its pictures are there."""
        self.requests.clear()
        self.messages.clear()
        self._events.clear()
        self.send("Page.navigate", url=page.as_uri())
        while not any(event["method"] == "Page.loadEventFired" for event in self._events):
            self._read()
        self.evaluate("Promise.all(Array.from(document.images, (image) => image.decode().catch(() => null))).then(() => 1)")

    def evaluate(self, expression: str) -> Any:
        """The value of an expression on the page; promises are awaited."""
        answer = self.send("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def press(self, key: str) -> None:
        """Press and release a key as a person does."""
        text = {"text": key} if len(key) == 1 else {}
        code = {"windowsVirtualKeyCode": 9} if key == "Tab" else {}
        self.send("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", key=key, **text, **code)
        self.send("Input.dispatchKeyEvent", type="keyUp", key=key, **code)

    def screen(self, width: int, height: int, *, mobile: bool = False, scheme: str = "light", media: str = "") -> None:
        """Take on the size of a screen, and what its system prefers."""
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=mobile)
        features: Sequence[Mapping[str, str]] = [
            {"name": "prefers-color-scheme", "value": scheme},
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]
        self.send("Emulation.setEmulatedMedia", media=media, features=features)

    def _read(self) -> dict[str, Any]:
        deadline = time.monotonic() + SECONDS
        while b"\0" not in self._unread:
            assert time.monotonic() < deadline, "Chromium does not answer"
            more = os.read(self._from, 1 << 20)
            assert more, "Chromium has gone"
            self._unread += more
        line, _, self._unread = self._unread.partition(b"\0")
        message: dict[str, Any] = json.loads(line)
        if "method" in message:
            self._note(message)
        return message

    def _note(self, event: dict[str, Any]) -> None:
        self._events.append(event)
        parameters = event["params"]
        if event["method"] == "Network.requestWillBeSent" and not parameters["request"]["url"].startswith("data:"):
            self.requests.append(parameters["request"]["url"])
        elif event["method"] == "Runtime.consoleAPICalled":
            self.messages.append(str(parameters["args"]))
        elif event["method"] == "Runtime.exceptionThrown":
            self.messages.append(str(parameters["exceptionDetails"]))
        elif event["method"] == "Log.entryAdded":
            self.messages.append(parameters["entry"]["text"])


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        pytest.skip("no Chromium on this machine: apt-get install chromium")
    browser = Browser(found, tmp_path_factory.mktemp("profile"))
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def pages(follow_up: Examination, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The report of a follow-up by language."""
    folder = tmp_path_factory.mktemp("reports")
    written = {language: folder / f"report-{language}.html" for language in ("en", "zh")}
    for language, path in written.items():
        write_html_report(follow_up, path, language)
    return written


@pytest.fixture
def page(chromium: Browser, pages: dict[str, Path]) -> Browser:
    chromium.screen(1280, 900)
    chromium.open(pages["en"])
    return chromium


def test_nothing_is_fetched_and_nothing_is_complained_of(chromium: Browser, pages: dict[str, Path]) -> None:
    for path in pages.values():
        chromium.screen(1280, 900)
        chromium.open(path)
        for key in "jwojk":
            chromium.press(key)
        chromium.evaluate("document.getElementById('theme').click()")
        assert chromium.requests == [path.as_uri()]
        assert chromium.messages == []
        chromium.evaluate("localStorage.clear()")


def test_hostile_words_run_no_script(chromium: Browser, make_examination: MakeExamination, tmp_path: Path) -> None:
    hostile = "</script><script>x()</script><img src=x onerror=\"x('')\">&{{ 7 }}"
    write_html_report(make_examination(description=hostile, warnings=(hostile,)), tmp_path / "report.html")
    chromium.screen(1280, 900)
    chromium.open(tmp_path / "report.html")
    assert chromium.requests == [(tmp_path / "report.html").as_uri()]
    assert chromium.messages == []
    assert chromium.evaluate("document.querySelector('.subtitle').textContent").endswith(hostile)


def test_the_page_says_what_the_findings_say(page: Browser, follow_up: Examination) -> None:
    findings = examination_to_findings(follow_up)
    rows = page.evaluate(
        "Array.from(document.querySelectorAll('#nodules tbody tr'), (row) => Array.from(row.cells, (cell) => cell.textContent))"
    )
    assert len(rows) == len(findings["nodules"]) == 3
    assert [row[0] for row in rows] == ["1", "3", "2"]  # Lung-RADS 4B, 3, 2
    for row, nodule in zip(sorted(rows), findings["nodules"], strict=True):
        assert row[:5] == [
            str(nodule["id"]),
            nodule["side"],
            nodule["type"] + (", mass" if nodule["is_mass"] else ""),
            f"{nodule['mean_diameter_mm']} mm",
            f"{nodule['long_axis_mm']} × {nodule['short_axis_mm']} mm",
        ]
        assert int(re.sub(r"\D", "", row[5].removesuffix("mm³"))) == nodule["volume_mm3"]
        assert row[6] == nodule["lung_rads"]
        assert row[7].startswith({"baseline": "first seen"}.get(nodule["status"], nodule["status"]))
    first = page.evaluate("document.querySelector('.verdict').innerText + document.querySelector('.summary').innerText")
    assert f"Lung-RADS\n{findings['assessment']['lung_rads']}" in first
    for said in ("What to do next", "3 nodules", "1 new, 1 growing, 1 stable, 1 resolved", "Prior of 2023-02-28, 366 days earlier"):
        assert said in first
    for wanted in findings["assessment"]["recommendations"]:
        assert wanted["text"].partition(": ")[2].split(" (nodule")[0].split("; PET")[0].removeprefix(f"{wanted['risk']} risk: ") in first
    resolved = page.evaluate("document.getElementById('resolved').innerText")
    assert follow_up.comparison is not None
    assert f"{follow_up.comparison.resolved[0].prior.mean_diameter_mm:.1f} mm" in resolved


def test_the_first_screen_tells_it_all(page: Browser) -> None:
    below = page.evaluate("document.querySelector('.summary').getBoundingClientRect().bottom")
    assert below <= 900


STATE = """(() => { const card = document.getElementById('nodule-1'); const canvas = card.querySelector('.viewport canvas');
  const grey = (one) => Array.from(one.getContext('2d').getImageData(one.width / 2, one.height / 2, 1, 1).data)[0];
  const outline = card.querySelector('.stack .outline');
  return { slice: Number(card.querySelector('.slider').value), where: card.querySelector('.where').textContent,
    grey: grey(canvas), prior: grey(card.querySelector('figure canvas')),
    outline: outline.getAttribute('d').length,
    window: getComputedStyle(canvas).filter, shown: getComputedStyle(outline).display }; })()"""


def test_keys_scroll_window_and_outline(page: Browser) -> None:
    start = page.evaluate(STATE)
    assert start["where"].startswith("image 170, slice 31") and start["outline"] > 0 and 180 < start["grey"] < 200
    page.press("j")
    assert page.evaluate("document.activeElement.closest('.card').id + document.activeElement.className") == "nodule-1picture viewport"
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"  # the focus is seen
    page.press("ArrowUp")
    up = page.evaluate(STATE)
    assert up["slice"] == start["slice"] + 1 and up["where"].startswith("image 169, slice 32")
    page.press("Home")
    home = page.evaluate(STATE)
    assert (home["slice"], home["outline"]) == (0, 0)
    assert home["grey"] < 80 and home["prior"] < 80 < start["prior"]  # lung in both, no longer the nodule: the prior scrolls along
    page.press("w")
    assert "window-mediastinum" in page.evaluate(STATE)["window"]
    page.press("w")
    assert "window-lung" in page.evaluate(STATE)["window"]
    page.press("o")
    assert page.evaluate(STATE)["shown"] == "none"
    for key, card in (("j", "nodule-3"), ("j", "nodule-2"), ("j", "nodule-2"), ("k", "nodule-3")):
        page.press(key)
        assert page.evaluate("document.activeElement.closest('.card').id") == card


def test_wheel_and_slider(page: Browser) -> None:
    page.evaluate("document.getElementById('nodule-1').scrollIntoView()")
    x, y = page.evaluate(
        "(() => { const box = document.querySelector('.viewport').getBoundingClientRect(); return [box.x + 90, box.y + 90]; })()"
    )
    before = page.evaluate(STATE)["slice"]
    page.send("Input.dispatchMouseEvent", type="mouseWheel", x=x, y=y, deltaX=0, deltaY=-120)
    assert page.evaluate(STATE)["slice"] == before + 3
    page.evaluate("(() => { const s = document.querySelector('.slider'); s.value = '0'; s.dispatchEvent(new Event('input')); })()")
    assert page.evaluate(STATE)["slice"] == 0
    assert page.evaluate("document.querySelector('.slider').getAttribute('aria-valuetext')") == page.evaluate(STATE)["where"]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_phone_needs_no_sideways_scrolling(chromium: Browser, pages: dict[str, Path], language: str) -> None:
    chromium.screen(360, 780, mobile=True)
    chromium.open(pages[language])
    assert chromium.evaluate("document.documentElement.scrollWidth") == 360
    outside = chromium.evaluate(
        "Array.from(document.querySelectorAll('main *, header *, footer *')).filter((one) => { const box = one.getBoundingClientRect();"
        " return box.width > 1 && box.height > 1 && (box.right > 360.5 || box.left < -0.5) && !one.closest('svg'); })"
        ".map((one) => one.outerHTML.slice(0, 90))"
    )
    assert outside == []


CONTRAST = """(() => {
  const parse = (text) => { const n = text.match(/[\\d.]+/g).map(Number); return n.length === 3 ? [...n, 1] : n; };
  const linear = (v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  const ground = (one) => {
    for (; one; one = one.parentElement) { const c = parse(getComputedStyle(one).backgroundColor); if (c[3] > 0.99) return c; }
    return [255, 255, 255, 1];
  };
  const poor = []; let seen = 0;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const one = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || one.closest('svg, script, [hidden], .skip') || !one.getClientRects().length) continue;
    const [a, b] = [light(parse(getComputedStyle(one).color)), light(ground(one))].sort((x, y) => y - x);
    seen += 1;
    if ((a + 0.05) / (b + 0.05) < 4.5) poor.push(one.outerHTML.slice(0, 80) + ' ' + ((a + 0.05) / (b + 0.05)).toFixed(2));
  }
  return { seen, poor, page: getComputedStyle(document.body).backgroundColor };
})()"""


# Relative luminance and the contrast of 4.5 for text: WCAG 2.1, section 1.4.3.
def test_text_stands_out_in_light_and_dark(chromium: Browser, pages: dict[str, Path]) -> None:
    grounds = []
    for scheme in ("light", "dark"):
        chromium.screen(1280, 900, scheme=scheme)
        chromium.open(pages["en"])
        result = chromium.evaluate(CONTRAST)
        assert result["seen"] > 150 and result["poor"] == []
        grounds.append(result["page"])
    assert grounds == ["rgb(243, 244, 246)", "rgb(14, 17, 20)"]
    chromium.evaluate("document.getElementById('theme').click()")
    assert chromium.evaluate("getComputedStyle(document.body).backgroundColor") == grounds[0]
    chromium.evaluate("localStorage.clear()")


def test_paper_shows_stills_instead_of_stacks(chromium: Browser, pages: dict[str, Path]) -> None:
    chromium.screen(760, 1000, scheme="dark", media="print")
    chromium.open(pages["en"])
    shown = "Array.from(document.querySelectorAll('{}'), (one) => getComputedStyle(one).display)"
    assert set(chromium.evaluate(shown.format(".stack, .theme, .keys"))) == {"none"}
    assert set(chromium.evaluate(shown.format(".paper-only"))) == {"block"}
    assert chromium.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def test_chinese_page(chromium: Browser, pages: dict[str, Path]) -> None:
    chromium.screen(1280, 900)
    chromium.open(pages["zh"])
    assert chromium.evaluate("document.documentElement.lang") == "zh-Hans"
    text = chromium.evaluate("document.body.innerText")
    for said in ("下一步处理", "新发 1 个、增大 1 个、稳定 1 个、消失 1 个", "磨玻璃", "既往与本次对照", "体积倍增时间", "未评估"):
        assert said in text
    # English is left only in names, units, and in what other parts of the program wrote.
    words = set(re.findall(r"\b[A-Za-z]{4,}\b", text))
    assert words & {"nodule", "Nodule", "months", "Refer", "Consider", "growing", "stable", "Measurements", "Slice", "Window"} == set()


def test_without_a_prior_or_nodules(chromium: Browser, make_examination: MakeExamination, tmp_path: Path) -> None:
    empty = make_examination(balls=(), warnings=())
    write_html_report(replace(empty, lungs=replace(empty.lungs, fully_covered=False)), tmp_path / "empty.html")
    chromium.screen(360, 780, mobile=True)
    chromium.open(tmp_path / "empty.html")
    for key in "jkwo":
        chromium.press(key)
    assert chromium.messages == []
    text = chromium.evaluate("document.body.innerText")
    assert "No nodule found" in text and "No prior compared" in text and "Part of the lungs lies outside the scan" in text
