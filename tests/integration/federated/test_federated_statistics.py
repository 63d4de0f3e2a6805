"""Federated statistics in NVFlare's simulator: two hospitals with enough patients, and one with three."""

from __future__ import annotations

import json
from pathlib import Path

import nibabel
import numpy as np
import pytest
import yaml

from nodulescope.apps.cli.main import run
from nodulescope.federated.privacy.artefact_scan import find_names

PLANTED = "Doe^Jane-4711"


def _site(folder: Path, patients: int, spacing: float, level: float) -> Path:
    folder.mkdir(parents=True)
    items = []
    for number in range(patients):
        hu = np.random.default_rng(number).normal(level, 5.0, (20, 20, 20)).astype(np.int16)
        file = f"{PLANTED}-{number}.nii.gz"
        nibabel.save(nibabel.Nifti1Image(hu, np.diag([spacing, spacing, 2.5, 1.0])), folder / file)
        boxes = [[0.0, 0.0, 0.0, 8.0, 8.0, 8.0]] * (number % 2)
        items.append(
            {"image": file, "patient": f"{PLANTED}-{number}", "slice_thickness_mm": 3.0, "box": boxes, "box_class": [0] * len(boxes)}
        )
    datalist = folder / "scans.json"
    datalist.write_text(json.dumps({"training": items[1:], "validation": items[:1]}), encoding="utf-8")
    return datalist


@pytest.mark.slow
def test_counts_leave_a_site_and_few_patients_do_not(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sites = {"north": _site(tmp_path / "n", 12, 0.7, -850.0), "south": _site(tmp_path / "s", 8, 0.9, -780.0)}
    sites["west"] = _site(tmp_path / "w", 3, 0.7, -850.0)
    site_file = tmp_path / "sites.yaml"
    site_file.write_text(yaml.safe_dump({"sites": {name: {"datalist": str(path)} for name, path in sites.items()}}), encoding="utf-8")
    assert run(["federate", "stats", "--sites", str(site_file), "-o", str(tmp_path / "out"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["absent"] == {}
    north, south, west = (told["sites"][name] for name in ("north", "south", "west"))
    assert all(west[feature] == {"patients": 0} for feature in west)
    assert north["hu"]["patients"] == 12
    assert north["hu"]["mean"] == pytest.approx(-850.0, abs=1.0)
    assert south["hu"]["mean"] == pytest.approx(-780.0, abs=1.0)
    assert south["pixel_spacing_mm"]["mean"] == pytest.approx(0.9)
    assert north["slice_thickness_mm"]["mean"] == pytest.approx(3.0)
    assert north["nodule_diameter_mm"] == {"patients": 6, "count": 6, "mean": 8.0, "spread": 0.0, "histogram": [0, 0, 0, 6] + [0] * 12}
    assert south["nodule_diameter_mm"] == {"patients": 0}  # only four of its patients have a nodule
    first = told["differences"][0]
    assert first["sites"] == ["north", "south"]
    assert first["verdict"] == "very different"
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["statistics.html", "statistics.json"]
    assert find_names(tmp_path / "out", [PLANTED, str(tmp_path)]) == []
