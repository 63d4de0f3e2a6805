from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from nodulescope.apps.nodule_label.dicomweb_address import check_dicomweb
from nodulescope.bundles.errors import UsageError


@contextmanager
def service(status: int, kind: str) -> Iterator[tuple[str, list[str]]]:
    """A service with one answer to everything; gives its address and the paths that were asked for."""
    asked: list[str] = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.end_headers()
            if status == 200:
                self.wfile.write(b"[]")

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = HTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/dicom-web", asked
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("status", "kind"), [(200, "application/dicom+json"), (200, "application/json"), (204, "text/plain"), (401, "text/html")]
)
def test_a_service_is_taken_even_an_empty_one_and_one_that_asks_for_a_password(status: int, kind: str) -> None:
    with service(status, kind) as (address, asked):
        check_dicomweb(f"{address}/")
    assert asked == ["/dicom-web/studies?limit=1"]


@pytest.mark.parametrize(
    ("status", "kind", "told"),
    [(404, "text/html", "no DICOMweb service answers there (HTTP 404)"), (200, "text/html", "no DICOMweb service (it sends text/html)")],
)
def test_something_else_is_refused(status: int, kind: str, told: str) -> None:
    with service(status, kind) as (address, _), pytest.raises(UsageError) as refused:
        check_dicomweb(address)
    assert told in str(refused.value)


@pytest.mark.parametrize(
    ("address", "told"),
    [("http://127.0.0.1:1/dicom-web", "nothing answers there (Connection refused)"), ("http://", "nothing answers")],
)
def test_an_address_without_an_answer_is_told_in_a_line(address: str, told: str) -> None:
    with pytest.raises(UsageError) as refused:
        check_dicomweb(address)
    assert told in str(refused.value) and "\n" not in str(refused.value)
