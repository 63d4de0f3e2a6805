from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from nodulescope.bundles.errors import UsageError
from nodulescope.operators.examination import Acceptance, Examination, NotAssessed
from nodulescope.operators.examination.findings_json import examination_to_findings
from nodulescope.operators.report import render_pdf_report, write_pdf_report

MakeExamination = Callable[..., Examination]


@pytest.fixture(scope="module")
def pdf_text() -> Callable[[Path], str]:
    """All text of a PDF in reading order, by poppler."""
    if shutil.which("pdftotext") is None:
        pytest.skip("no pdftotext on this machine: apt-get install poppler-utils")

    def read(path: Path) -> str:
        text = subprocess.run(["pdftotext", "-layout", str(path), "-"], capture_output=True, check=True).stdout.decode()
        return " ".join(text.replace("\u00a0", " ").split())

    return read


@pytest.fixture(scope="module")
def english(follow_up: Examination, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pdf") / "report.pdf"
    write_pdf_report(follow_up, path)
    return path


def test_every_number_of_the_findings_is_in_it(english: Path, follow_up: Examination, pdf_text: Callable[[Path], str]) -> None:
    text = pdf_text(english)
    findings = examination_to_findings(follow_up)
    for nodule in findings["nodules"]:
        heading = rf"Nodule {nodule['id']} {nodule['side']} lung, {nodule['type']}, "
        said = re.findall(rf"{heading}(.*?)(?=Nodule \d \w+ lung|Not assessed)", text)[-1].replace(" ", "")  # the first page names it too
        for value in (
            f"{nodule['mean_diameter_mm']}mm",
            f"{nodule['long_axis_mm']}×{nodule['short_axis_mm']}mm",
            f"{nodule['volume_mm3']}mm",
            f"Lung-RADS{nodule['lung_rads']}:",
            f"malignancy{nodule['malignancy']:.1f}of5",
        ):
            assert value in said, (nodule["id"], value)
        if nodule["prior"]:
            assert f"{nodule['prior']['mean_diameter_mm']:.1f}mm" in said
            assert f"{nodule['prior']['volume_change_percent']:+.0f}%" in said
    for word in (
        "What to do next",
        "1 new, 1 growing, 1 stable, 1 resolved",
        "Resolved since the prior",
        "Limits of the models",
        "Page 1 of",
    ):
        assert word in text
    for recommendation in findings["assessment"]["recommendations"]:
        words = recommendation["text"].partition(": ")[2].removeprefix(f"{recommendation['risk']} risk: ").split()[:4]
        assert " ".join(words) in text


def test_a_nodule_that_only_the_prior_confirms_says_so(follow_up: Examination, pdf_text: Callable[[Path], str], tmp_path: Path) -> None:
    first, *others = follow_up.nodules
    write_pdf_report(replace(follow_up, nodules=(replace(first, acceptance=Acceptance.PRIOR), *others)), tmp_path / "report.pdf", "en")
    text = " ".join(pdf_text(tmp_path / "report.pdf").split())
    assert text.count("Below the operating point on its own; accepted because the prior knows a nodule here.") == 1


def test_chinese_is_searchable(follow_up: Examination, pdf_text: Callable[[Path], str], tmp_path: Path) -> None:
    write_pdf_report(follow_up, tmp_path / "report.pdf", "zh")
    text = pdf_text(tmp_path / "report.pdf").replace(" ", "")
    for said in (
        "肺结节报告",
        "下一步处理",
        "新发1个、增大1个、稳定1个、消失1个",
        "既往与本次对照",
        "体积倍增时间379天",
        "仅供研究使用",
        "第1页",
    ):
        assert said in text


def test_fonts_are_embedded_and_pages_are_a4(english: Path) -> None:
    if shutil.which("pdffonts") is None:
        pytest.skip("no pdffonts on this machine: apt-get install poppler-utils")
    fonts = subprocess.run(["pdffonts", str(english)], capture_output=True, text=True, check=True).stdout.splitlines()[2:]
    used = [line.split() for line in fonts if "NotoSans" in line]
    assert used and all(columns[-5:-2] == ["yes", "yes", "yes"] for columns in used)  # embedded, subset, with Unicode
    assert len(used) == len(fonts)
    info = subprocess.run(["pdfinfo", str(english)], capture_output=True, text=True, check=True).stdout
    assert "(A4)" in info and "Lung nodule report" in info


def test_the_same_findings_give_the_same_bytes_however_long_it_took(english: Path, follow_up: Examination) -> None:
    again = render_pdf_report(replace(follow_up, timings_s={"reading": 9.5}, peak_memory_mb=1.0))
    assert again == english.read_bytes()
    assert b"Secret" not in again and b"4711" not in again


def test_hostile_and_missing_words(make_examination: MakeExamination, pdf_text: Callable[[Path], str], tmp_path: Path) -> None:
    hostile = "</para><b>&{{ 7 }} \u5e73\u626b \u200f\U0001f600"
    empty = make_examination(balls=(), warnings=(hostile,), description=hostile, models=(), peak_memory_mb=None)
    assessment = replace(empty.assessment, not_assessed=(NotAssessed(hostile, hostile),))
    write_pdf_report(replace(empty, assessment=assessment), tmp_path / "report.pdf")
    text = pdf_text(tmp_path / "report.pdf")
    assert text.count("</para><b>&{{ 7 }} 平扫") == 5  # subtitle, warning, what was not assessed, why, series
    assert "No nodule found" in text and "Models" not in text
    assert list(tmp_path.iterdir()) == [tmp_path / "report.pdf"]


def test_many_nodules_and_reasons_flow_over_pages(make_examination: MakeExamination, tmp_path: Path) -> None:
    one = make_examination().nodules[1]
    exam = make_examination(nodules=tuple(replace(one, id=number) for number in range(1, 13)))
    reasons = tuple(NotAssessed(f"item {n}", "A long reason that goes on. " * 12) for n in range(40))
    pages = render_pdf_report(replace(exam, assessment=replace(exam.assessment, not_assessed=reasons)))
    assert int(re.findall(rb"/Count (\d+)", pages)[-1]) >= 8 and len(pages) < 3_000_000


def test_unknown_language_writes_nothing(examination: Examination, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="'xx'"):
        write_pdf_report(examination, tmp_path / "report.pdf", "xx")
    assert list(tmp_path.iterdir()) == []


def test_a_scan_of_a_part_of_the_lungs_leaves_room_for_the_words(
    examination: Examination, pdf_text: Callable[[Path], str], tmp_path: Path
) -> None:
    part = slice(24, 36)  # 30 mm: projections six times as wide as high
    ct = replace(examination.ct, hu=examination.ct.hu[:, :, part])
    lungs = replace(examination.lung_mask, labels=examination.lung_mask.labels[:, :, part])
    thin = replace(examination, ct=ct, lung_mask=lungs, nodule_labels=examination.nodule_labels[:, :, part])
    write_pdf_report(thin, tmp_path / "report.pdf")
    assert "What to do next" in pdf_text(tmp_path / "report.pdf")
