"""What tests of every room share: real data where it is at hand, hypothesis profiles, small CTs in any orientation, DICOM validators."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

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

NO_ENGINE = "no container engine can start here"
"""How another skip begins that may happen in CI: an engine needs root, and a kernel that lets it make namespaces and mounts."""

ALLOWED_IN_CI = (REAL_SCANS_MISSING, NO_ENGINE)

ORIENTATIONS = [(axes, signs) for axes in itertools.permutations(range(3)) for signs in itertools.product((1, -1), repeat=3)]
"""The 48 ways in which the axes of an image can lie along those of the patient."""

VALIDATOR_CLASS = "com.pixelmed.validate.DicomSRValidator"
PIXELMED = Path("/usr/share/java/pixelmed.jar")

MakeCT = Callable[..., CTVolume]
AssertSameImage = Callable[[CTVolume, CTVolume], None]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real, public scans, laid beside the repository on developers' machines and in CI."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"{REAL_SCANS_MISSING}: ../shared/data beside the repository is absent")
    return SHARED_DATA


@pytest.fixture(scope="session")
def no_engine() -> Callable[[str], NoReturn]:
    """``no_engine(reason)``: skip a test because no container engine can be started on this machine."""

    def skip(reason: str) -> NoReturn:
        pytest.skip(f"{NO_ENGINE}: {reason}")

    return skip


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


@pytest.fixture(scope="session")
def dciodvfy() -> Callable[[Path], list[str]]:
    """Errors that dicom3tools' validator finds in a file."""
    if shutil.which("dciodvfy") is None:
        pytest.skip("dciodvfy is not installed (Debian package dicom3tools)")

    def errors(path: Path) -> list[str]:
        run = subprocess.run(["dciodvfy", path], capture_output=True, text=True, check=False)
        lines = (run.stdout + run.stderr).splitlines()
        assert lines, "the validator always names at least the object's kind"
        return [line for line in lines if line.startswith(("Error", "Abort"))]

    return errors


@pytest.fixture(scope="session")
def dcentvfy() -> Callable[[list[Path]], list[str]]:
    """Disagreements that dicom3tools finds between files of one patient, study, series or frame of reference."""
    if shutil.which("dcentvfy") is None:
        pytest.skip("dcentvfy is not installed (Debian package dicom3tools)")

    def errors(paths: list[Path]) -> list[str]:
        run = subprocess.run(["dcentvfy", *paths], capture_output=True, text=True, check=False)
        return [line for line in (run.stdout + run.stderr).splitlines() if line.startswith(("Error", "Abort"))]

    return errors


@pytest.fixture(scope="session")
def sr_validator() -> Callable[[Path], list[str]]:
    """Errors that PixelMed's template validator finds in a structured report."""
    if shutil.which("java") is None or not PIXELMED.exists():
        pytest.skip("PixelMed's validator is not installed (Debian package pixelmed-apps)")
    # Newer Java forbids style sheets as large as the one that checks the templates, unless it is told otherwise.
    limits = [f"-Djdk.xml.xpath{limit}Limit=0" for limit in ("TotalOp", "ExprOp", "ExprGrp")]

    def errors(path: Path) -> list[str]:
        command = ["java", *limits, "-cp", f"{PIXELMED.parent}/*", VALIDATOR_CLASS, str(path)]
        lines = subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines()
        assert "Root Template Validation Complete" in lines, "the validator did not run"
        return [line for line in lines if line.startswith("Error")]

    return errors


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
    """Tests that skipped in CI for a reason that is not allowed there, with their reasons."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if not os.environ.get("CI") or reporter is None:
        return []
    skipped = [(report.nodeid, report.longrepr[2]) for report in reporter.stats.get("skipped", ()) if isinstance(report.longrepr, tuple)]
    return [f"{name}: {reason}" for name, reason in skipped if not any(allowed in reason for allowed in ALLOWED_IN_CI)]
