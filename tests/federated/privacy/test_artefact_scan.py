import gzip
import io
import zipfile

import numpy as np
import pytest
import torch

from nodulescope.federated.privacy.artefact_scan import Leak, find_names

NAME = "Doe^Jane-4711"


def _zipped(files):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


@pytest.mark.parametrize(
    ("file", "content", "place"),
    [
        ("log.txt", f"loaded {NAME} twice: {NAME}".encode(), "log.txt"),
        ("log.txt", NAME.lower().encode(), "log.txt"),
        ("wide.bin", b"\x01" + NAME.encode("utf-16-le"), "wide.bin"),
        ("job.zip", _zipped({"meta.json": NAME}), "job.zip!meta.json"),
        ("job.zip", _zipped({f"{NAME}/meta.json": ""}), f"job.zip!{NAME}/meta.json"),
        ("outer.zip", _zipped({"inner.zip": _zipped({"a.txt": NAME})}), "outer.zip!inner.zip!a.txt"),
        ("log.gz", gzip.compress(NAME.encode(), mtime=0), "log.gz!"),
    ],
)
def test_a_planted_name_is_found_wherever_it_lies(tmp_path, file, content, place):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / file).write_bytes(content)
    assert Leak(f"sub/{place}", NAME) in find_names(tmp_path, [NAME])


def test_inside_models(tmp_path):
    torch.save({"weights": torch.zeros(3), "note": NAME}, tmp_path / "model.pt")
    np.savez_compressed(tmp_path / "metrics.npz", names=np.array([NAME]))
    assert any(leak.file.startswith("model.pt!") for leak in find_names(tmp_path, [NAME]))
    assert Leak("metrics.npz!names.npy", NAME) in find_names(tmp_path, [NAME])  # numpy writes UTF-32


def test_names_of_files_count(tmp_path):
    (tmp_path / f"{NAME}.log").write_text("nothing")
    assert find_names(tmp_path, [NAME]) == [Leak(f"{NAME}.log", NAME)]


def test_a_clean_folder_is_clean(tmp_path):
    (tmp_path / "log.txt").write_text("round 1 done")
    (tmp_path / "broken.zip").write_bytes(b"PK\x03\x04 no archive")
    (tmp_path / "broken.gz").write_bytes(b"\x1f\x8b no archive")
    assert find_names(tmp_path, [NAME]) == []
