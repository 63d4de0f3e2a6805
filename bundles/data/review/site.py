"""A folder of pages: an index, and one page per annotation."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from nodulescope.bundles.data.annotation_check import CheckResult, Examined, Place, Violation
from nodulescope.bundles.data.annotation_rules import Rule, Severity
from nodulescope.bundles.data.review.entry import Entry, make_entry, planes_through, unseen
from nodulescope.bundles.data.review.pictures import cut, to_jpeg
from nodulescope.bundles.data.review.plane import Plane
from nodulescope.bundles.errors import UsageError

_TEMPLATES = Path(__file__).parent / "templates"

RECORD = "review.json"
"""The check's result beside the pages; a folder that holds one is an earlier review and may be replaced."""


@dataclass
class ReviewSite:
    """Collects examined items and writes the pages when the ``with`` block ends well; nothing is left behind when it does not.

    Pictures are written as items come, so only words and paths are held in memory.

    Args:
        folder: where the pages go; made, or replaced where it holds an earlier review.
        datalist: what is reviewed.
        least_readers: the agreement that was asked for.
        only_violations: leave out annotations that break no rule.

    Raises:
        UsageError: the folder holds something else than a review.
    """

    folder: Path
    datalist: Path
    least_readers: int | None = None
    only_violations: bool = False
    entries: list[Entry] = field(default_factory=list, init=False)
    violations: list[Violation] = field(default_factory=list, init=False)
    unpaged: list[Violation] = field(default_factory=list, init=False)
    items: int = field(default=0, init=False)
    places: int = field(default=0, init=False)

    def __enter__(self) -> Self:
        """Make a folder beside the wanted one to write into."""
        self.folder = self.folder.absolute()
        if self.folder.exists() and not (self.folder / RECORD).is_file() and (not self.folder.is_dir() or any(self.folder.iterdir())):
            raise UsageError(f"{self.folder}: holds something else than a review; name another folder")
        self._beside = self.folder.with_name(f".{self.folder.name}.{os.getpid()}.part")
        (self._beside / "pictures").mkdir(parents=True)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Write the pages and put the folder in its place."""
        try:
            if kind is None:
                self._write_pages()
                old = self._beside.with_suffix(".old")
                if self.folder.exists():
                    self.folder.replace(old)
                self._beside.replace(self.folder)
                shutil.rmtree(old, ignore_errors=True)
        finally:
            shutil.rmtree(self._beside, ignore_errors=True)

    @property
    def result(self) -> CheckResult:
        """What the check of all items that were added comes to."""
        return CheckResult(str(self.datalist), self.items, self.places, self.least_readers, tuple(self.violations))

    def add(self, examined: Examined) -> None:
        """Draw the annotations of an item."""
        self.items += 1
        self.places += len(examined.places)
        self.violations += examined.violations
        names = {place.annotation.id for place in examined.places}
        self.unpaged += [v for v in examined.violations if v.annotation not in names and (v.annotation is not None or not names)]
        for place in examined.places:
            if self.only_violations and not examined.violations_of(place.annotation.id):
                continue
            files = [self._write_picture(examined, place, plane) for plane in planes_through(place.annotation)]
            self.entries.append(make_entry(examined, place, files))

    def _write_picture(self, examined: Examined, place: Place, plane: Plane) -> str | None:
        if examined.image is None or unseen(examined, place):
            return None
        name = f"{len(self.entries) + 1:05d}_{plane.name}.jpg"
        (self._beside / "pictures" / name).write_bytes(to_jpeg(cut(examined.image, plane), plane.field_mm))
        return name

    def _write_pages(self) -> None:
        environment = Environment(
            loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
        )
        environment.globals.update(Rule=Rule, Severity=Severity)
        entries = sorted(self.entries, key=lambda entry: entry.urgency)
        names = [f"{number:05d}" for number in range(1, len(entries) + 1)]
        (self._beside / "pages").mkdir()
        page = environment.get_template("page.html.j2")
        for number, entry in enumerate(entries):
            text = page.render(
                entry=entry,
                number=number + 1,
                total=len(entries),
                before=names[number - 1] if number else None,
                after=names[number + 1] if number + 1 < len(names) else None,
                datalist=self.datalist.name,
            )
            (self._beside / "pages" / f"{names[number]}.html").write_text(text, encoding="utf-8")
        index = environment.get_template("index.html.j2").render(
            entries=list(zip(names, entries, strict=True)),
            result=self.result,
            rules=_rule_counts(entries),
            unpaged=self.unpaged,
            patients=len({entry.patient for entry in entries if entry.patient}),
            parts=list(dict.fromkeys(entry.part for entry in entries)),
            classes=sorted({entry.box_class for entry in entries if entry.box_class}),
            datalist=self.datalist.name,
            only_violations=self.only_violations,
        )
        (self._beside / "index.html").write_text(index, encoding="utf-8")
        records = [_record(name, entry) for name, entry in zip(names, entries, strict=True)]
        (self._beside / "records.js").write_text(f"const RECORDS = {json.dumps(records)};\n", encoding="utf-8")
        for name in ("review.css", "review.js"):
            shutil.copyfile(_TEMPLATES / name, self._beside / name)
        (self._beside / RECORD).write_text(json.dumps(self.result.to_json(), indent=1) + "\n", encoding="utf-8")


def _record(name: str, entry: Entry) -> dict[str, Any]:
    """What the browser filters and sorts by."""
    return {
        "page": name,
        "rules": entry.rules,
        "part": entry.part,
        "class": entry.box_class,
        "patient": entry.patient,
        "diameter": round(entry.annotation.diameter_mm, 2),
        "text": f"{entry.patient} {entry.file} {entry.annotation.id}".lower(),
    }


def _rule_counts(entries: Sequence[Entry]) -> list[tuple[Rule, int]]:
    """How many annotations break each rule, in the order of the rule book."""
    counted = [(rule, sum(rule.value in entry.rules for entry in entries)) for rule in Rule]
    return [(rule, count) for rule, count in counted if count]
