"""What tests of every room share: real data where it is at hand, hypothesis profiles, and small CTs in any orientation."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

from nodulescope.bundles.contracts import CTSource, CTVolume
from nodulescope.bundles.coordinates import index_to_world, world_to_index

settings.register_profile("default", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "default")

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"

REAL_SCANS_MISSING = "real scans are not here"
"""How a skip begins that may happen in CI too: the real scans are laid beside the repository only where people may have them."""

ORIENTATIONS = [(axes, signs) for axes in itertools.permutations(range(3)) for signs in itertools.product((1, -1), repeat=3)]
"""The 48 ways in which the axes of an image can lie along those of the patient."""

MakeCT = Callable[..., CTVolume]
AssertSameImage = Callable[[CTVolume, CTVolume], None]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real, public scans, laid beside the repository on developers' machines and in CI."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"{REAL_SCANS_MISSING}: ../shared/data beside the repository is absent")
    return SHARED_DATA


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that takes ``orientation`` runs for all 48 of them."""
    if "orientation" in metafunc.fixturenames:
        names = ["".join("LPS"[a] if s > 0 else "RAI"[a] for a, s in zip(axes, signs, strict=True)) for axes, signs in ORIENTATIONS]
        metafunc.parametrize("orientation", ORIENTATIONS, ids=names)


@pytest.fixture(scope="session")
def make_ct() -> MakeCT:
    """Build a CT of random whole Hounsfield units: ``make_ct(shape=, spacing=, orientation=, rotation=, seed=)``."""

    def make(
        shape: tuple[int, int, int] = (10, 11, 12),
        spacing: tuple[float, float, float] = (0.75, 0.5, 2.5),
        orientation: tuple[tuple[int, ...], tuple[int, ...]] = ((0, 1, 2), (1, 1, 1)),
        rotation: np.ndarray | None = None,
        seed: int = 0,
    ) -> CTVolume:
        hu = np.random.default_rng(seed).integers(-1000, 1500, shape).astype(np.float32)
        axes, signs = orientation
        directions = np.zeros((3, 3))
        directions[list(axes), range(3)] = signs
        affine = np.eye(4)
        affine[:3, :3] = (np.eye(3) if rotation is None else rotation) @ directions * spacing
        affine[:3, 3] = (-101.5, 37.25, -412.0)
        return CTVolume(hu, affine, CTSource(kind="phantom"))

    return make


@pytest.fixture(scope="session")
def assert_same_image() -> AssertSameImage:
    """Assert that two CTs hold the same value at the same point of the patient, whatever the order of their axes."""

    def check(expected: CTVolume, actual: CTVolume) -> None:
        assert sorted(actual.shape) == sorted(expected.shape)
        indices = np.moveaxis(np.indices(expected.shape), 0, -1).reshape(-1, 3)
        found = world_to_index(actual.affine_lps, index_to_world(expected.affine_lps, indices))
        nearest = np.rint(found).astype(int)
        np.testing.assert_allclose(found, nearest, atol=1e-4)
        assert ((nearest >= 0) & (nearest < actual.shape)).all()
        np.testing.assert_allclose(actual.hu[tuple(nearest.T)], expected.hu[tuple(indices.T)], atol=1e-3)

    return check


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI a test may not skip because a program is missing: the run fails, for `.ci/run` installs them all."""
    refused = _refused_skips(session.config)
    if refused and session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which skips made the run fail."""
    refused = _refused_skips(terminalreporter.config)
    if refused:
        terminalreporter.section("skips that are not allowed in CI", red=True)
        for line in refused:
            terminalreporter.line(line)


def _refused_skips(config: pytest.Config) -> list[str]:
    """Tests that skipped in CI for another reason than missing real scans, with their reasons."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if not os.environ.get("CI") or reporter is None:
        return []
    skipped = [(report.nodeid, report.longrepr[2]) for report in reporter.stats.get("skipped", ()) if isinstance(report.longrepr, tuple)]
    return [f"{name}: {reason}" for name, reason in skipped if REAL_SCANS_MISSING not in reason]
