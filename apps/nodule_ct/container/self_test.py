"""``self-test``: the phantom in the image, through the whole application, held against its truth.

It is the test to run after an installation: models, libraries, memory and the write path are all used as for a patient.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nodulescope.apps.cli.truth_matching import match_findings
from nodulescope.apps.nodule_ct.container.places import SELF_TEST
from nodulescope.bundles.errors import UsageError

DIAMETER_TOLERANCE = 0.25
"""Of the true mean diameter. Slices of 5 mm cannot be measured more closely; a broken model or geometry misses by more."""

LUNGS_TOLERANCE = 0.10
"""Of the true lung volume."""


def self_test(arguments: Sequence[str], study: Path = SELF_TEST) -> int:
    """Print one line for each check; 0 if all hold, else 1, or the application's own exit status.

    Args:
        arguments: passed to the application, for example ``-m MODELS``.
        study: folder with ``dicom/`` and ``truth.json``.

    Raises:
        UsageError: the phantom is not in the image.
    """
    try:
        truth = json.loads((study / "truth.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{study / 'truth.json'}: cannot be read ({type(error).__name__}); the image is incomplete, build it again"
        ) from error
    with tempfile.TemporaryDirectory(prefix="self-test-") as folder:
        out = Path(folder)
        status = _run_application(["-i", str(study / "dicom"), "-o", str(out), *arguments])
        if status:
            print(f"FAILED  the application ended with exit status {status}")  # noqa: T201
            return status
        findings = json.loads((out / "findings.json").read_text(encoding="utf-8"))
        checks = check_findings(truth, findings) | {"the results of a DICOM study are complete": _complete(out)}
    for what, holds in checks.items():
        print(f"{'ok' if holds else 'FAILED':6}  {what}")  # noqa: T201
    return 0 if all(checks.values()) else 1


def check_findings(truth: dict[str, Any], findings: dict[str, Any]) -> dict[str, bool]:
    """What must hold for an installation that works.

    Args:
        truth: ``truth.json`` of the phantom.
        findings: ``findings.json`` of its analysis.
    """
    checks = {"the study's own series was analysed": findings["input"]["series_instance_uid"] == truth["series_instance_uid"]}
    for match in match_findings(truth["nodules"], findings["nodules"]):
        if match.truth is None:
            continue  # findings where nothing is are the models' affair, not the installation's
        name = f"the {match.truth['kind']} nodule of {match.truth['mean_diameter_mm']:.1f} mm in the {match.truth['side']} lung"
        checks[f"{name} was found"] = match.finding is not None
        if match.finding is not None:
            measured = match.finding["mean_diameter_mm"]
            close = abs(measured / match.truth["mean_diameter_mm"] - 1) <= DIAMETER_TOLERANCE
            checks[f"{name} was measured: {measured:.1f} mm"] = close and match.finding["side"] == match.truth["side"]
    true_ml, measured_ml = truth["lung_volumes_ml"]["total"], findings["lungs"]["volume_ml"]["total"]
    checks[f"the lungs of {true_ml:.0f} ml were measured: {measured_ml} ml"] = abs(measured_ml / true_ml - 1) <= LUNGS_TOLERANCE
    return checks


def _complete(out: Path) -> bool:
    from nodulescope.operators.results import MEASUREMENTS, REPORT, SEGMENTATION

    return all((out / name).is_file() and (out / name).stat().st_size > 0 for name in (REPORT, SEGMENTATION, MEASUREMENTS))


def _run_application(arguments: Sequence[str]) -> int:
    """Run the application as the container would; returns its exit status. Its log goes to standard error."""
    from nodulescope.apps.nodule_ct.container.entry_point import application_command

    process = subprocess.Popen([*application_command(), *arguments], stdout=sys.stderr)
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    status = process.wait()
    return status if status >= 0 else 128 - status
