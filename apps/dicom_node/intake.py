"""Receiving: a storage and verification SCP that answers success only for what lies on the disk."""

from __future__ import annotations

import shutil
import socket
import socketserver
import ssl
import sys
import threading
import time
from dataclasses import dataclass
from io import BytesIO
from typing import Any, cast
from weakref import WeakKeyDictionary

from pydicom import dcmread
from pynetdicom import AE, evt
from pynetdicom.association import Association
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.transport import ThreadedAssociationServer

from nodulescope.apps.dicom_node.accepted_objects import CT_CLASSES, add_supported_contexts
from nodulescope.apps.dicom_node.json_log import JsonLog
from nodulescope.apps.dicom_node.settings import NodeSettings
from nodulescope.apps.dicom_node.study_queue import StudyQueue
from nodulescope.apps.dicom_node.tls import server_context
from nodulescope.bundles.errors import UsageError

SUCCESS = 0x0000
OUT_OF_RESOURCES = 0xA700
DOES_NOT_MATCH = 0xA900
CANNOT_UNDERSTAND = 0xC000
"""Status of a C-STORE (PS3.4 table B.2-1)."""

MOST_ASSOCIATIONS = 64
"""At the same time; a sender beyond them is told to try later."""

IDLE_S = 120.0
"""An association on which nothing happens for so long is ended."""

HANDSHAKE_S = 15.0
"""In which a caller must complete the TLS handshake."""

LARGEST_PDU = 131072
"""Bytes; fewer and larger pieces than the customary 16 KiB."""

LEAST_FREE_BYTES = 256 << 20
"""Of the disk. Below it images are refused, so that the results of those that are there can still be written."""


@dataclass
class Tally:
    """What came over one association."""

    stored: int = 0
    ignored: int = 0
    refused: int = 0


class Intake:
    """The listening side of the node.

    Args:
        settings: name, address, port, callers and TLS.
        queue: where images are kept.
        log: told of associations.

    Raises:
        UsageError: the port cannot be listened on, or a TLS file cannot be used.
    """

    def __init__(self, settings: NodeSettings, queue: StudyQueue, log: JsonLog) -> None:
        self._queue, self._log = queue, log
        self._tallies: WeakKeyDictionary[Association, Tally] = WeakKeyDictionary()
        self.last_stored: float | None = None
        entity = AE(settings.ae_title)
        add_supported_contexts(entity)
        entity.require_called_aet = True
        entity.require_calling_aet = list(settings.callers)
        entity.maximum_associations = MOST_ASSOCIATIONS
        entity.maximum_pdu_size = LARGEST_PDU
        entity.network_timeout = IDLE_S
        handlers: list[Any] = [
            (evt.EVT_C_STORE, self._on_store),
            (evt.EVT_C_ECHO, self._on_echo),
            (evt.EVT_REJECTED, self._on_rejected),
            (evt.EVT_ACCEPTED, self._on_accepted),
            (evt.EVT_RELEASED, self._on_released),
            (evt.EVT_ABORTED, self._on_aborted),
        ]
        context = server_context(settings.tls) if settings.tls else None
        try:
            self._server = NodeServer(
                entity, (settings.address, settings.port), settings.ae_title, entity.supported_contexts, context, evt_handlers=handlers
            )
        except OSError as error:
            place = f"{settings.address} port {settings.port}"
            raise UsageError(f"{place}: cannot be listened on ({error.strerror}); choose another --port or --address") from error
        self._server.log = log
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.2}, name="dicom", daemon=True)

    @property
    def port(self) -> int:
        """Where the node listens."""
        return int(self._server.server_address[1])

    def start(self) -> None:
        """Take associations from now on."""
        self._thread.start()

    @property
    def is_running(self) -> bool:
        """Whether associations are taken."""
        return self._thread.is_alive()

    def stop(self, grace_s: float) -> None:
        """Take no more associations, let those that are open end by themselves, and abort what is left after a while."""
        self._server.stop_listening()
        self._thread.join()
        deadline = time.monotonic() + grace_s
        while self._server.active_associations and time.monotonic() < deadline:
            time.sleep(0.05)
        for association in self._server.active_associations:
            association.abort()

    def _on_store(self, event: evt.Event) -> int:
        tally = self._tallies.setdefault(event.assoc, Tally())
        if str(cast("C_STORE", event.request).AffectedSOPClassUID) not in CT_CLASSES:
            tally.ignored += 1
            return SUCCESS
        status = self._store(event)
        if status == SUCCESS:
            tally.stored += 1
            self.last_stored = time.time()
        else:
            tally.refused += 1
        return status

    def _store(self, event: evt.Event) -> int:
        """Keep an image; returns the status to answer with. What goes wrong is told by kind only: a message might quote the image."""
        try:
            content = event.encoded_dataset()
            header = dcmread(BytesIO(content), stop_before_pixels=True, specific_tags=["SOPClassUID", "SOPInstanceUID", "StudyInstanceUID"])
            study, image, kind = (str(header.get(k) or "") for k in ("StudyInstanceUID", "SOPInstanceUID", "SOPClassUID"))
        except Exception as error:  # damaged objects raise anything
            return self._refuse(event, CANNOT_UNDERSTAND, f"the object cannot be read ({type(error).__name__})")
        announced = cast("C_STORE", event.request)
        if not study or (image, kind) != (str(announced.AffectedSOPInstanceUID), str(announced.AffectedSOPClassUID)):
            return self._refuse(event, DOES_NOT_MATCH, "the object has no study, or is not the one that was announced")
        if shutil.disk_usage(self._queue.root).free < LEAST_FREE_BYTES:
            return self._refuse(event, OUT_OF_RESOURCES, "the disk of the queue is almost full")
        try:
            self._queue.store(study, image, content)
        except OSError as error:
            return self._refuse(event, OUT_OF_RESOURCES, f"the object cannot be written ({error.strerror})")
        return SUCCESS

    def _refuse(self, event: evt.Event, status: int, reason: str) -> int:
        self._log.error("image.refused", **_caller(event), status=f"0x{status:04X}", error=reason)
        return status

    def _on_echo(self, event: evt.Event) -> int:
        self._log.info("echo", **_caller(event))
        return SUCCESS

    def _on_accepted(self, event: evt.Event) -> None:
        self._log.info("association.opened", **_caller(event))

    def _on_rejected(self, event: evt.Event) -> None:
        called = event.assoc.requestor.primitive.called_ae_title if event.assoc.requestor.primitive else ""
        self._log.error("association.rejected", **_caller(event), called=called)

    def _on_released(self, event: evt.Event) -> None:
        tally = self._tallies.pop(event.assoc, Tally())
        self._log.info("association.released", **_caller(event), **vars(tally))

    def _on_aborted(self, event: evt.Event) -> None:
        tally = self._tallies.pop(event.assoc, Tally())
        self._log.error("association.aborted", **_caller(event), **vars(tally))


class NodeServer(ThreadedAssociationServer):
    """pynetdicom's server, which does the TLS handshake in the connection's own thread: one silent caller cannot stop all others."""

    daemon_threads = True
    log: JsonLog

    def stop_listening(self) -> None:
        """Close the listening socket; associations go on."""
        socketserver.BaseServer.shutdown(self)
        self.server_close()

    def get_request(self) -> tuple[socket.socket, tuple[str, int]]:
        """Take a connection; the handshake comes later."""
        assert self.socket is not None
        connection, address = self.socket.accept()
        if self.ssl_context is not None:
            connection = self.ssl_context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        return connection, address

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Secure the connection where that is asked for, and serve it."""
        if isinstance(request, ssl.SSLSocket):
            try:
                request.settimeout(HANDSHAKE_S)
                request.do_handshake()
                request.settimeout(None)
            except OSError as error:
                self.log.error("tls.refused", address=client_address[0], error=getattr(error, "reason", None) or type(error).__name__)
                self.shutdown_request(request)
                return
        super().process_request_thread(request, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Tell what kind of error ended a connection, where the base class would print all of it."""
        self.log.error("connection.failed", address=client_address[0], error=type(sys.exc_info()[1]).__name__)


def _caller(event: evt.Event) -> dict[str, str]:
    """Who calls, for the log."""
    requestor = event.assoc.requestor
    return {"caller": str(requestor.ae_title).strip(), "address": str(requestor.address_info.address if requestor.address_info else "")}
