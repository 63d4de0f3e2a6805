from __future__ import annotations

from pathlib import Path

import pytest

from nodulescope.apps.nodule_ct.packaging import engine as module
from nodulescope.apps.nodule_ct.packaging.engine import Build, build_image, find_engine
from nodulescope.bundles.errors import NodulescopeError, UsageError


def program(folder: Path, name: str, script: str) -> Path:
    """An engine of a few lines."""
    file = folder / name
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return file


def test_the_command_of_docker() -> None:
    build = Build("/usr/bin/docker", Path("map"), "nodulescope:1", "base:3.11", offline=True, build_arguments=["HTTP_PROXY=proxy:80"])
    arguments = ["--network=none", "--build-arg", "BASE_IMAGE=base:3.11", "--build-arg", "HTTP_PROXY=proxy:80"]
    assert build.command == ["/usr/bin/docker", "build", *arguments, "--tag", "nodulescope:1", "map"]
    assert build.environment == {"DOCKER_BUILDKIT": "1"}


def test_podman_keeps_the_health_check() -> None:
    build = Build("podman", Path("map"), "nodulescope")
    assert build.command == ["podman", "build", "--format", "docker", "--tag", "nodulescope", "map"]
    assert build.environment == {}


def test_docker_goes_before_podman(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match="docker and podman: not installed; without --build the context is written"):
        find_engine()
    podman = program(tmp_path, "podman", "")
    assert find_engine() == str(podman)
    docker = program(tmp_path, "docker", "")
    assert find_engine() == str(docker)
    assert find_engine("podman") == str(podman)
    with pytest.raises(UsageError, match="nerdctl: not installed"):
        find_engine("nerdctl")


def test_a_failing_build_tells_the_engines_last_words(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    failing = program(tmp_path, "docker", "for n in 1 2 3 4 5; do echo step $n; done; echo no space left >&2; exit 9")
    with pytest.raises(NodulescopeError, match=r"ended with exit status 9: step 4 / step 5 / no space left$"):
        build_image(Build(str(failing), tmp_path, "x"), shown=False)
    assert capfd.readouterr() == ("", "")
    with pytest.raises(NodulescopeError):
        build_image(Build(str(failing), tmp_path, "x"), shown=True)
    assert capfd.readouterr().err.splitlines()[-1] == "no space left"


def test_a_build_gets_its_arguments_and_surroundings(tmp_path: Path) -> None:
    engine = program(tmp_path, "docker", f'echo "$DOCKER_BUILDKIT $*" > {tmp_path}/told')
    build_image(Build(str(engine), tmp_path / "map", "tag"), shown=False)
    assert (tmp_path / "told").read_text() == f"1 build --tag tag {tmp_path}/map\n"
    assert module.ENGINES == ("docker", "podman")
