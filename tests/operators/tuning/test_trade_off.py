from __future__ import annotations

import csv
from pathlib import Path
from xml.etree import ElementTree as ET

from PIL import Image

from nodulescope.operators.nodules import Thresholds
from nodulescope.operators.tuning.sweep import OperatingPoint
from nodulescope.operators.tuning.trade_off import COLUMNS, envelope, spoken_magnifications, write_trade_off


def point(sensitivity: float, false: float, magnifications: tuple[float, ...] = (1.0,), seconds: float = 20.0) -> OperatingPoint:
    return OperatingPoint(magnifications, 0.15, Thresholds(0.2, 0.85), sensitivity, false, seconds)


POINTS = [point(0.5, 1.0), point(0.75, 2.0), point(0.7, 3.0), point(0.25, 0.0), point(0.9, 3.0, (1.0, 1.5), 35.0)]


def test_the_curve_leaves_out_what_others_beat() -> None:
    assert [(p.false_positives, p.sensitivity) for p in envelope(POINTS[:4])] == [(0.0, 0.25), (1.0, 0.5), (2.0, 0.75)]
    assert envelope([point(0.5, 1.0), point(0.6, 1.0), point(0.6, 2.0)]) == [point(0.6, 1.0)]


def test_every_setting_stands_in_the_table(tmp_path: Path) -> None:
    table, _, _ = write_trade_off(POINTS, POINTS[4], 4.0, tmp_path)
    with table.open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    assert tuple(rows[0]) == COLUMNS
    assert rows[5] == ["1,1.5", "0.15", "0.2", "0.75", "0.85", "0.9", "3.0", "35.0"]
    assert len(rows) == 6


def test_the_pictures_name_each_set_and_come_out_the_same(tmp_path: Path) -> None:
    _, svg, png = write_trade_off(POINTS, POINTS[4], 4.0, tmp_path)
    text = " ".join("".join(ET.parse(svg).getroot().itertext()).split())
    for label in ("magnifications 1 ", "magnifications 1,1.5", "chosen", "False positives per scan", "Seconds per scan", "Sensitivity"):
        assert label in text
    with Image.open(png) as picture:
        assert picture.size == (1056, 484)
    first = svg.read_bytes(), png.read_bytes()
    write_trade_off(POINTS, POINTS[4], 4.0, tmp_path)
    assert (svg.read_bytes(), png.read_bytes()) == first
    assert sorted(f.name for f in tmp_path.iterdir()) == ["tradeoff.csv", "tradeoff.png", "tradeoff.svg"]


def test_sets_are_named_as_on_the_command_line() -> None:
    assert spoken_magnifications((1.0, 1.5, 2.0)) == "1,1.5,2"
