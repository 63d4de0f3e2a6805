"""Choosing one of the settings, and writing it where the application reads it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import yaml

from nodulescope.bundles.errors import UsageError
from nodulescope.bundles.predictors.detection import OVERLAP
from nodulescope.operators.examination import ModelProvenance
from nodulescope.operators.examination.whole_file import whole_file
from nodulescope.operators.nodules import Thresholds
from nodulescope.operators.tuning.labelled_scans import LabelledScans
from nodulescope.operators.tuning.sweep import OperatingPoint


def choose(points: Sequence[OperatingPoint], most_false_positives: float) -> OperatingPoint:
    """The setting that finds most nodules with no more than so many false positives per scan.

    Of several such settings the one with the fewest false positives; then with the fewest magnifications, which cost most of the time;
    then with the lowest detection score, which on other scans lets more nodules pass; then with the overlap and the weight that are
    nearest to the application's own; and of all nodule probabilities that do the same the middle one, which is farthest from doing worse.

    Raises:
        UsageError: every setting has more false positives.
    """
    allowed = [point for point in points if point.false_positives <= most_false_positives]
    if not allowed:
        fewest = min(point.false_positives for point in points)
        raise UsageError(f"no setting has {most_false_positives:g} false positives per scan or fewer; allow {fewest:.2f} or more")
    return _best(allowed)


def best_by_magnifications(points: Sequence[OperatingPoint], most_false_positives: float) -> list[OperatingPoint]:
    """The choice within each set of magnifications that has one, in the order in which the sets were tried."""
    sets = dict.fromkeys(point.magnifications for point in points)
    groups = [[p for p in points if p.magnifications == m and p.false_positives <= most_false_positives] for m in sets]
    return [_best(group) for group in groups if group]


def write_settings(
    file: Path,
    point: OperatingPoint,
    most_false_positives: float,
    scans: LabelledScans,
    models: Sequence[ModelProvenance],
    bundles: Mapping[str, Path],
) -> None:
    """Write a setting in the form of the application's ``app.yaml``, with a head that says where it comes from.

    Args:
        file: to write.
        point: the setting.
        most_false_positives: per scan, that were allowed.
        scans: that it was chosen on.
        models: that were used.
        bundles: stage to folder, for stages whose bundle was replaced; they are written too, for other weights want another setting.
    """
    allowed = f"{most_false_positives:g} allowed"
    done = f"{100 * point.sensitivity:.1f} % of the nodules with {point.false_positives:.2f} false positives per scan ({allowed})"
    used = "; ".join(f"{m.stage}: {m.bundle} {m.version}, sha256 {m.sha256[:12]}" for m in models)
    head = (
        f"Chosen by `nodulescope tune` on the part {scans.part!r} of {scans.datalist}: {len(scans.items)} scans, {scans.nodules} nodules.",
        f"On these it finds {done}, in {point.seconds:.0f} s per scan.",
        "They chose the setting, so these figures are better than those of other scans: measure it on scans that were not used for it.",
        f"Models: {used}.",
    )
    content = {
        **({"bundles": {stage: str(folder) for stage, folder in bundles.items()}} if bundles else {}),
        "magnifications": [float(m) for m in point.magnifications],
        "overlap": point.overlap,
        "thresholds": asdict(point.thresholds),
    }
    with whole_file(file) as beside:
        comment = "".join(f"# {line}\n" for line in head)
        beside.write_text(f"{comment}\n{yaml.safe_dump(content, sort_keys=False)}", encoding="utf-8")


def _best(points: Sequence[OperatingPoint]) -> OperatingPoint:
    first = min(_rank(point) for point in points)
    equal = sorted((p for p in points if _rank(p) == first), key=lambda p: p.thresholds.nodule_probability)
    return equal[(len(equal) - 1) // 2]


def _rank(point: OperatingPoint) -> tuple[float, ...]:
    setting, own = point.thresholds, Thresholds()
    return (
        -point.sensitivity,
        point.false_positives,
        len(point.magnifications),
        setting.detection_score,
        abs(point.overlap - OVERLAP),
        abs(setting.detector_weight - own.detector_weight),
        point.overlap,
        setting.detector_weight,
    )
