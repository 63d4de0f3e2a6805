"""A client of the label server that sends what 3D Slicer's and OHIF's modules send, written after the documentation of the REST calls."""

from __future__ import annotations

import json
import socket
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from email.parser import BytesParser
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

BOUNDARY = "boundary-of-the-test"
PATIENCE_S = 600.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Reply:
    """An answer: its status, its JSON (the parameters of a result), and the file that came along."""

    status: int
    json: Any
    content: bytes = b""
    file_name: str = ""


class LabelClient:
    """Talks to a server."""

    def __init__(self, address: str) -> None:
        self.address = address

    def get(self, path: str) -> Reply:
        return self._send("GET", path)

    def post(self, path: str, content: Any = None) -> Reply:
        return self._send("POST", path, json.dumps(content or {}).encode(), "application/json")

    def infer(self, model: str, image: str = "", params: dict[str, Any] | None = None, **query: str) -> Reply:
        """As Slicer: the parameters as a form field, the result as one part for parameters and one for the file."""
        path = f"/infer/{quote(model)}?{urlencode({'image': image, **query})}"
        return self._send("POST", path, _form({"params": json.dumps(params or {})}, {}), _FORM)

    def infer_file(self, model: str, file: Path) -> Reply:
        """With an image that is no study of the server."""
        return self._send("POST", f"/infer/{model}", _form({"params": "{}"}, {"file": (file.name, file.read_bytes())}), _FORM)

    def save_label(self, image: str, name: str, content: bytes, params: dict[str, Any]) -> Reply:
        body = _form({"params": json.dumps(params)}, {"label": (name, content)})
        return self._send("PUT", f"/datastore/label?image={quote(image)}", body, _FORM)

    def train(self, bundle: str, **params: Any) -> dict[str, Any]:
        """Start a training and wait for its end; returns its record."""
        started = self.post(f"/train/{bundle}", params)
        assert started.status == 200, started.json
        return self.wait("train", started.json["id"])

    def score(self, method: str) -> dict[str, Any]:
        started = self.post(f"/scoring/{method}")
        assert started.status == 200, started.json
        return self.wait("scoring", started.json["id"])

    def wait(self, kind: str, task: str) -> dict[str, Any]:
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            (found,) = [one for one in self.get(f"/{kind}/?all=true").json if one["id"] == task]
            if found["status"] not in ("SUBMITTED", "RUNNING"):
                return dict(found)
            time.sleep(0.3)
        raise AssertionError(f"{kind} has not ended")

    def served(self, bundle: str) -> int:
        return int(self.get("/info/").json["train_stats"][bundle]["served"])

    def _send(self, method: str, path: str, body: bytes | None = None, content_type: str = "") -> Reply:
        request = urllib.request.Request(self.address + path, data=body, method=method)
        if content_type:
            request.add_header("Content-Type", content_type)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
                return _read(
                    answer.status, answer.headers.get("Content-Type", ""), answer.headers.get("Content-Disposition", ""), answer.read()
                )
        except urllib.error.HTTPError as error:
            return _read(error.code, error.headers.get("Content-Type", ""), "", error.read())


_FORM = f"multipart/form-data; boundary={BOUNDARY}"


def _form(fields: dict[str, str], files: dict[str, tuple[str, bytes]]) -> bytes:
    parts = [f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}'.encode() for name, value in fields.items()]
    for name, (file_name, content) in files.items():
        head = f'Content-Disposition: form-data; name="{name}"; filename="{file_name}"\r\nContent-Type: application/octet-stream\r\n\r\n'
        parts.append(head.encode() + content)
    return b"".join(b"--" + BOUNDARY.encode() + b"\r\n" + part + b"\r\n" for part in parts) + b"--" + BOUNDARY.encode() + b"--\r\n"


def _read(status: int, content_type: str, disposition: str, body: bytes) -> Reply:
    if content_type.startswith("multipart/"):
        message = BytesParser().parsebytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body)
        parts = {part.get_param("name", header="content-disposition"): part for part in message.get_payload()}
        image = parts.get("image")
        params = json.loads(parts["params"].get_payload(decode=True))
        return Reply(status, params, image.get_payload(decode=True) if image else b"", (image.get_filename() or "") if image else "")
    if content_type.startswith("application/json") and "attachment" not in disposition:
        return Reply(status, json.loads(body or b"null"))
    return Reply(status, None, body, disposition.partition('filename="')[2].rstrip('"'))
