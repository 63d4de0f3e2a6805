from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from nodulescope.bundles.data.cube_datalist import CubeDatalist
from nodulescope.bundles.errors import InputError
from nodulescope.bundles.metrics.outlined_cubes import choose_outlines, consensus, in_the_middle, outline_cubes
from nodulescope.bundles.metrics.segmented_cases import NETWORK, READERS, SegmentedCase
from nodulescope.bundles.metrics.size_baseline import equivalent_diameter_mm

CUBE = 32


class BrightNetwork(nn.Module):
    """Finds what is brighter than 0.9 of the window, wherever it is."""

    def forward(self, cubes: torch.Tensor) -> torch.Tensor:
        return (cubes - 0.9) * 100


def bundle() -> Any:
    parts = {"inferer": lambda cubes, network: network(cubes), "cube": CUBE}
    return SimpleNamespace(network=BrightNetwork, component=parts.__getitem__, device=torch.device("cpu"))


def box(start: int, stop: int) -> np.ndarray:
    mask = np.zeros((64, 64, 64), bool)
    mask[start:stop, start:stop, start:stop] = True
    return mask


@pytest.fixture(scope="module")
def datalist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bright core of 6 mm in a grey nodule of 8 mm, a larger bright neighbour; three readers; a nodule of one reader; an empty place."""
    cubes = CubeDatalist(tmp_path_factory.mktemp("outlines"), validation_fold=-1)
    hu = np.full((64, 64, 64), -850.0)
    hu[box(28, 36)] = -100.0
    hu[box(29, 35)] = 400.0
    hu[box(40, 48)] = 400.0
    readers = [box(28, 36), box(28, 36), box(30, 34)]
    cubes.add("three", "p1", hu, outline=box(28, 36), ratings=[[3.0] * 8] * 3, readers=readers, held_out=True)
    cubes.add("one", "p2", hu, outline=box(29, 35), ratings=[[3.0] * 8], held_out=True)
    cubes.add("empty", "p3", hu, held_out=True)
    return cubes.write()


def by(cases: list[SegmentedCase], who: str) -> list[SegmentedCase]:
    return [case for case in cases if case.by == who]


def test_network_threshold_and_readers_are_measured(datalist: Path) -> None:
    items = choose_outlines(datalist, "validation", least_readers=1)
    told: list[int] = []
    cases = outline_cubes(bundle(), items, run=1, batch=1, done=told.append)
    assert told == [1, 1]
    network, threshold, readers = by(cases, NETWORK), by(cases, "threshold"), by(cases, READERS)
    # The network's bright core against 8³ and against itself; its larger neighbour does not count.
    assert [case.overlap.dice for case in network] == pytest.approx([2 * 6**3 / (6**3 + 8**3), 1.0])
    assert [case.overlap.dice for case in threshold] == pytest.approx([1.0, 2 * 6**3 / (6**3 + 8**3)])
    # Two readers agree; the third against their consensus; each of the two against at least one of the other two.
    assert [case.overlap.dice for case in readers] == pytest.approx([1.0, 1.0, 2 * 4**3 / (4**3 + 8**3)])
    assert {case.case for case in readers} == {"three"}
    assert network[0].diameter_mm == pytest.approx(equivalent_diameter_mm(8**3))
    assert {case.diameter_mm for case in cases if case.case == "three"} == {network[0].diameter_mm}
    assert {(case.structure, case.run) for case in cases} == {("nodule", 1)}


def test_only_nodules_of_enough_readers_are_measured(datalist: Path) -> None:
    items = choose_outlines(datalist, "validation", least_readers=3)
    assert [Path(item["image"]).name for item in items] == ["three.nii"]
    assert [Path(i["image"]).name for i in choose_outlines(datalist, "validation", least_readers=1, only="o*")] == ["one.nii"]
    with pytest.raises(InputError, match="holds no outline of 4 readers"):
        choose_outlines(datalist, "validation", least_readers=4)


def test_a_missing_outline_of_a_reader_is_named(datalist: Path, tmp_path: Path) -> None:
    content = json.loads(datalist.read_text())
    item = content["validation"][0]
    item |= {key: str(datalist.parent / item[key]) for key in ("image", "label")}
    item["reader_labels"] = ["lost.nii.gz"]
    (tmp_path / "list.json").write_text(json.dumps({"validation": [item]}))
    with pytest.raises(InputError, match=r"lost\.nii\.gz, which does not exist"):
        choose_outlines(tmp_path / "list.json", "validation", least_readers=1)


def test_an_outline_outside_of_the_networks_cube_is_named(tmp_path: Path) -> None:
    cubes = CubeDatalist(tmp_path, validation_fold=-1)
    cubes.add("far", "p", np.zeros((64, 64, 64)), outline=box(0, 4), ratings=[[3.0] * 8], held_out=True)
    items = choose_outlines(cubes.write(), "validation", least_readers=1)
    with pytest.raises(InputError, match=r"far_outline\.nii: holds no outline within 32 mm"):
        outline_cubes(bundle(), items, batch=1, done=lambda _: None)


def test_consensus_is_at_least_half() -> None:
    votes = [np.array(v, dtype=bool) for v in ([1, 1, 1, 0], [1, 1, 0, 0], [1, 0, 0, 0], [1, 0, 1, 0])]
    assert consensus(votes).tolist() == [True, True, True, False]
    assert consensus(votes[:3]).tolist() == [True, True, False, False]
    assert consensus(votes[:1]).tolist() == [True, True, True, False]


def test_the_nearest_part_is_kept() -> None:
    mask = torch.zeros(1, 9, 9, 9)
    mask[0, 4, 4, 4] = 1
    mask[0, 6:, 6:, 6:] = 1
    assert in_the_middle(mask).sum() == 1
    assert in_the_middle(torch.zeros(1, 3, 3, 3)).sum() == 0
