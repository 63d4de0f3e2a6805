"""The state of the node over HTTP, for a hospital's monitoring: ``GET /health``."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from nodulescope.bundles.errors import UsageError

PATH = "/health"
PATIENCE_S = 10.0
"""In which a caller must have sent its request."""


class HealthServer:
    """Answers ``GET /health`` with JSON: status 200 when all is well, 503 when something is wrong.

    Args:
        address: network address to listen on.
        port: 0 takes any free one.
        state: gives the answer; its entry ``problems`` decides the status.

    Raises:
        UsageError: the port cannot be listened on.
    """

    def __init__(self, address: str, port: int, state: Callable[[], dict[str, Any]]) -> None:
        class Handler(BaseHTTPRequestHandler):
            timeout = PATIENCE_S
            server_version, sys_version = "nodulescope", ""

            def do_GET(self) -> None:
                if self.path != PATH:
                    self._answer(HTTPStatus.NOT_FOUND, {"error": f"ask for {PATH}"})
                    return
                told = state()
                self._answer(HTTPStatus.SERVICE_UNAVAILABLE if told["problems"] else HTTPStatus.OK, told)

            def _answer(self, status: HTTPStatus, content: dict[str, Any]) -> None:
                body = json.dumps(content, indent=2).encode() + b"\n"
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.send_header("Cache-Control", "no-store")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_arguments: Any) -> None:
                """Keep requests out of the log: monitoring asks every few seconds."""

        try:
            self._server = ThreadingHTTPServer((address, port), Handler)
        except OSError as error:
            reason = f"cannot be listened on ({error.strerror}); choose another --health-port"
            raise UsageError(f"{address} port {port}: {reason}") from error
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.2}, name="health", daemon=True)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    def start(self) -> None:
        """Answer from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Answer no more."""
        self._server.shutdown()
        self._server.server_close()
