from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from nodulescope.apps.nodule_ct.packaging import context as module
from nodulescope.apps.nodule_ct.packaging.checksums import files_of
from nodulescope.apps.nodule_ct.packaging.context import STEPS, ContextOptions, requirements_text, write_context
from nodulescope.apps.nodule_ct.packaging.lock import read_lock
from nodulescope.apps.nodule_ct.packaging.pin import Pin
from nodulescope.apps.nodule_ct.packaging.verify import problems_of
from nodulescope.apps.nodule_ct.packaging.wheelhouse import sha256_of
from nodulescope.bundles.errors import InputError, UsageError
from nodulescope.bundles.predictors import STAGES, find_bundle


def test_the_same_inputs_give_the_same_bytes(context: Path, project_wheel: Path, tmp_path: Path) -> None:
    steps: list[str] = []
    written = write_context(tmp_path / "again", ContextOptions(wheel=project_wheel), steps.append)
    assert files_of(written.folder) == files_of(context)
    differing = [name for name in files_of(context) if (context / name).read_bytes() != (written.folder / name).read_bytes()]
    assert differing == []
    assert tuple(steps) == STEPS
    assert (written.packages, written.other_builds) == (len(read_lock("cpu")) + 1, ())


def test_the_context_is_complete_and_clean(context: Path) -> None:
    assert problems_of(context) == []
    for stage in STAGES:
        for name in ("LICENSE", "configs/inference.yaml", "configs/metadata.json", "docs/README.md", "models/model.pt"):
            assert (context / "models" / stage / name).read_bytes() == (find_bundle(stage) / name).read_bytes()
    assert not [name for name in files_of(context) if name.endswith((".pyc", ".egg-info"))]


def test_the_dockerfile_is_filled_in(context: Path) -> None:
    text = (context / "Dockerfile").read_text(encoding="utf-8")
    assert "@" not in text
    for line in ("USER 1000:1000", "STOPSIGNAL SIGTERM", "ARG BASE_IMAGE=python:3.11-slim-bookworm"):
        assert line in text.splitlines()
    for part in (
        'org.opencontainers.image.version="',
        "HOLOSCAN_MODEL_PATH=/opt/holoscan/models ",
        "HOLOSCAN_TIMEOUT=3600 ",
        "HEALTHCHECK ",
    ):
        assert part in text
    copied = [word for line in text.splitlines() if line.startswith("COPY ") for word in line.split()[1:-1]]
    assert [name for name in copied if not (context / name).exists()] == []


def test_no_file_names_a_place_to_download_from_or_this_machine(context: Path) -> None:
    texts = {
        name: (context / name).read_text(encoding="utf-8")
        for name in ("Dockerfile", "requirements.txt", "application.txt", "sbom.cdx.json")
    }
    assert [name for name, text in texts.items() if "index-url" in text or "file:" in text or str(Path.home()) in text] == []


def test_with_a_wheelhouse_the_build_needs_no_network(
    project_wheel: Path, make_wheel: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    locked = make_wheel(wheels, "numpy-2.4.6-py3-none-any.whl")
    other = make_wheel(wheels, "torch-2.13.0+own-py3-none-any.whl")
    make_wheel(wheels, "unasked-1.0-py3-none-any.whl")
    monkeypatch.setattr(module, "read_lock", lambda _: (Pin("numpy", "2.4.6", sha256_of(locked)), Pin("torch", "2.13.0+cpu", "a" * 64)))
    written = write_context(tmp_path / "context", ContextOptions(wheel=project_wheel, wheelhouse=wheels))
    assert written.other_builds == ("torch",)
    lines = (written.folder / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert lines == [
        "--no-index",
        "--find-links wheels",
        f"numpy==2.4.6 --hash=sha256:{sha256_of(locked)}",
        f"torch==2.13.0+own --hash=sha256:{sha256_of(other)}",
    ]
    assert sorted(path.name for path in (written.folder / "wheels").iterdir()) == [locked.name, other.name]
    assert problems_of(written.folder) == []


def test_without_one_every_package_is_pinned_by_hash() -> None:
    pins = [Pin("torch", "2.13.0+cpu", "a" * 64), Pin("numpy", "2.4.6", "b" * 64)]
    text = requirements_text(pins, "wheels", offline=False)
    assert text == f"--find-links wheels\nnumpy==2.4.6 --hash=sha256:{'b' * 64}\ntorch==2.13.0+cpu --hash=sha256:{'a' * 64}\n"


def test_another_bundle_is_packaged_whole(project_wheel: Path, tmp_path: Path) -> None:
    own = tmp_path / "own"
    (own / "configs").mkdir(parents=True)
    (own / "models").mkdir()
    (own / "scripts").mkdir()
    (own / "configs" / "metadata.json").write_text(json.dumps({"version": "7.0.0", "name": "Own"}))
    (own / "configs" / "inference.json").write_text("{}")
    (own / "models" / "model.pt").write_bytes(b"weights")
    (own / "scripts" / "__init__.py").touch()
    written = write_context(tmp_path / "context", ContextOptions("cuda", project_wheel, bundles={"nodule_detection": own}))
    assert files_of(written.folder / "models" / "nodule_detection") == files_of(own)
    assert problems_of(written.folder) == []
    bill = json.loads((written.folder / "sbom.cdx.json").read_text(encoding="utf-8"))
    assert ("nodule_detection", "7.0.0") in {(c["name"], c["version"]) for c in bill["components"]}
    assert json.loads((written.folder / "map" / "pkg.json").read_text(encoding="utf-8"))["platformConfig"] == "dgpu"


def test_only_an_earlier_context_is_replaced(own_context: Path, project_wheel: Path, tmp_path: Path) -> None:
    (own_context / "Dockerfile").write_text("changed")
    write_context(own_context, ContextOptions(wheel=project_wheel))
    assert problems_of(own_context) == []
    foreign = tmp_path / "home"
    foreign.mkdir()
    (foreign / "letter.txt").write_text("dear")
    with pytest.raises(UsageError, match="holds something that is no build context"):
        write_context(foreign, ContextOptions(wheel=project_wheel))
    assert [path.name for path in foreign.iterdir()] == ["letter.txt"]


def test_what_fails_leaves_nothing(project_wheel: Path, tmp_path: Path) -> None:
    for options, error in (
        (ContextOptions(wheel=project_wheel, wheelhouse=tmp_path / "nowhere"), InputError),
        (ContextOptions(wheel=tmp_path / "torch-1.whl"), UsageError),
        (ContextOptions(wheel=project_wheel, bundles={"nodule_counting": tmp_path}), UsageError),
        (ContextOptions("tpu", project_wheel), UsageError),
    ):
        with pytest.raises(error):
            write_context(tmp_path / "context", options)
    assert list(tmp_path.iterdir()) == []
