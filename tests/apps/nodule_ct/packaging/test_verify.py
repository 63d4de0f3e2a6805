from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from nodulescope.apps.nodule_ct.packaging.checksums import write_checksums
from nodulescope.apps.nodule_ct.packaging.verify import problems_of
from nodulescope.bundles.errors import InputError


def change_json(file: Path, **changes: object) -> None:
    file.write_text(json.dumps(json.loads(file.read_text(encoding="utf-8")) | changes))


def test_changed_missing_and_foreign_files_are_named(own_context: Path) -> None:
    (own_context / "Dockerfile").write_text("FROM scratch\n")
    (own_context / "models" / "nodule_grading" / "models" / "model.pt").unlink()
    (own_context / "notes.txt").touch()
    assert problems_of(own_context) == [
        "Dockerfile: was changed after the context was written (its SHA-256 is not the one in SHA256SUMS)",
        "models/nodule_grading/models/model.pt: is missing; restore it or write the context again",
        "notes.txt: does not belong to the context; remove it",
    ]


def no_timeout(folder: Path) -> None:
    change_json(folder / "map" / "app.json", timeout=-1)


def other_weights(folder: Path) -> None:
    (folder / "models" / "nodule_grading" / "models" / "model.pt").write_bytes(b"other")


def no_metadata(folder: Path) -> None:
    (folder / "models" / "lung_segmentation" / "configs" / "metadata.json").unlink()


def further_model(folder: Path) -> None:
    (folder / "models" / "brain").mkdir()


def no_wheel(folder: Path) -> None:
    next((folder / "wheel").glob("*.whl")).unlink()


def other_wheel(folder: Path) -> None:
    next((folder / "wheel").glob("*.whl")).write_bytes(b"other")


def unpinned(folder: Path) -> None:
    (folder / "requirements.txt").write_text("torch>=2\n")


def one_package_more(folder: Path) -> None:
    file = folder / "requirements.txt"
    file.write_text(file.read_text(encoding="utf-8") + f"zlib-ng==1.0 --hash=sha256:{'0' * 64}\n")


def no_images(folder: Path) -> None:
    for file in (folder / "self-test" / "dicom").iterdir():
        file.unlink()


def no_models_key(folder: Path) -> None:
    (folder / "map" / "pkg.json").write_text("{}")


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (no_timeout, "map/app.json: timeout: -1 is less than the minimum of 0"),
        (other_weights, "models/nodule_grading/models/model.pt: its SHA-256 is not the one in metadata.json"),
        (no_metadata, "models/lung_segmentation: is no complete bundle"),
        (further_model, "models/brain: is not in map/pkg.json"),
        (no_wheel, "wheel: there is no wheel of nodulescope "),
        (other_wheel, "is not the one whose hash is in application.txt"),
        (unpinned, "requirements.txt: 'torch>=2' is not of the form name==version --hash=sha256:..."),
        (one_package_more, "sbom.cdx.json: zlib-ng 1.0, which is in the requirements, is missing"),
        (no_images, "self-test: the phantom has no images or no nodule"),
        (no_models_key, "map/pkg.json: its top level: 'apiVersion' is a required property"),
    ],
)
def test_what_is_wrong_behind_right_checksums_is_found(spoil: Callable[[Path], None], problem: str, own_context: Path) -> None:
    spoil(own_context)
    write_checksums(own_context)
    assert [line for line in problems_of(own_context) if problem in line]


def test_a_part_that_was_never_written_is_missing(own_context: Path) -> None:
    (own_context / "map" / "app.json").unlink()
    write_checksums(own_context)
    assert problems_of(own_context) == ["map/app.json: is missing; write the context again"]


def test_anything_else_is_no_context(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no build context"):
        problems_of(tmp_path)
    with pytest.raises(InputError, match="no such folder"):
        problems_of(tmp_path / "nowhere")
