"""Sending: every result object to the destination, none twice, and again until it is there."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydicom import dcmread
from pydicom.uid import UID, ImplicitVRLittleEndian
from pynetdicom import AE
from pynetdicom.association import Association

from nodulescope.apps.dicom_node.json_log import JsonLog
from nodulescope.apps.dicom_node.queued_study import QueuedStudy
from nodulescope.apps.dicom_node.settings import NodeSettings
from nodulescope.apps.dicom_node.study_queue import StudyQueue
from nodulescope.apps.dicom_node.tls import client_context

STORED = frozenset({0x0000, 0xB000, 0xB006, 0xB007})
"""Status of a C-STORE after which the object is in the archive: success, or success with a warning (PS3.4 table B.2-1)."""

FIRST_PAUSE_S = 5.0
LONGEST_PAUSE_S = 300.0
"""Between attempts to send the results of a study: doubled each time."""

CONNECT_S = 15.0
RESPONSE_S = 120.0
"""In which the destination must take the connection, and answer a request."""

LOOK_S = 0.5
"""How often the queue is looked at."""


@dataclass(frozen=True)
class ResultObject:
    """One DICOM file to send.

    Attributes:
        path: the file.
        sop_class_uid: its kind.
        sop_instance_uid: its identity; an archive takes a second object of this UID for the same one.
        transfer_syntax_uid: its encoding.
    """

    path: Path
    sop_class_uid: UID
    sop_instance_uid: UID
    transfer_syntax_uid: UID


@dataclass
class Pause:
    """When a study that could not be sent is tried again."""

    until: float
    seconds: float


class Delivery:
    """The sending side of the node, in a thread of its own.

    Args:
        settings: destination, own AE title and TLS.
        queue: where the results are.
        log: told what was sent and what was not.

    Raises:
        UsageError: a TLS file cannot be used.
    """

    def __init__(self, settings: NodeSettings, queue: StudyQueue, log: JsonLog) -> None:
        self._settings, self._queue, self._log = settings, queue, log
        self._tls: ssl.SSLContext | None = client_context(settings.tls) if settings.tls and settings.tls_to_destination else None
        self._stopping = threading.Event()
        self._pauses: dict[str, Pause] = {}
        self.last_sent: float | None = None
        self._thread = threading.Thread(target=self._run, name="delivery", daemon=True)

    @property
    def failing(self) -> int:
        """How many studies could not be sent when it was last tried."""
        return len(self._pauses)

    @property
    def is_running(self) -> bool:
        """Whether results are being sent."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Send from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Let the object that is on its way arrive, and send no more."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.wait(LOOK_S):
            studies = self._queue.to_send()
            self._pauses = {study.key: self._pauses[study.key] for study in studies if study.key in self._pauses}
            for study in studies:
                pause = self._pauses.get(study.key)
                if self._stopping.is_set() or (pause and time.monotonic() < pause.until):
                    continue
                try:
                    hindrance = self._deliver(study)
                except OSError as error:
                    hindrance = f"the queue cannot be changed ({error.strerror})"
                if hindrance:
                    self._wait(study, hindrance)

    def _deliver(self, study: QueuedStudy) -> str:
        """Send a study's results and close it; returns what hinders, or nothing."""
        hindrance = self._send_study(study)
        if not hindrance and not self._stopping.is_set():
            self._queue.finish(study)
            self._pauses.pop(study.key, None)
            self._log.info("study.finished", study=study.key)
        return hindrance

    def _wait(self, study: QueuedStudy, hindrance: str) -> None:
        """Try this study again later, and let the others go on."""
        before = self._pauses.get(study.key)
        seconds = min(before.seconds * 2, LONGEST_PAUSE_S) if before else FIRST_PAUSE_S
        self._pauses[study.key] = Pause(time.monotonic() + seconds, seconds)
        self._log.error("result.not_sent", study=study.key, to=str(self._settings.destination), error=hindrance, next_attempt_s=seconds)

    def _send_study(self, study: QueuedStudy) -> str:
        """Send what the destination has not acknowledged yet; returns what hinders, or nothing."""
        acknowledged = self._queue.sent(study, str(self._settings.destination))
        try:
            unsent = [r for r in map(read_result, study.result_objects) if str(r.sop_instance_uid) not in acknowledged]
        except Exception as error:  # a damaged disk: nothing that sending again would mend, and nothing to give up either
            return f"a result cannot be read ({type(error).__name__})"
        if not unsent:
            return ""
        association = self._connect(unsent)
        if not association.is_established:
            return "the destination refused the association" if association.is_rejected else "the destination cannot be reached"
        try:
            for result in unsent:
                if self._stopping.is_set():
                    break
                hindrance = self._send(association, study, result)
                if hindrance:
                    return hindrance
        finally:
            if association.is_established:
                association.release()
        return ""

    def _connect(self, results: Sequence[ResultObject]) -> Association:
        destination = self._settings.destination
        entity = AE(self._settings.ae_title)
        entity.connection_timeout, entity.acse_timeout, entity.dimse_timeout = CONNECT_S, CONNECT_S, RESPONSE_S
        for kind, encoding in sorted({(r.sop_class_uid, r.transfer_syntax_uid) for r in results}):
            # What is not compressed must also be offered in DICOM's default encoding (PS3.5 section 10.1).
            encodings = [encoding] if encoding.is_compressed else list(dict.fromkeys([encoding, ImplicitVRLittleEndian]))
            entity.add_requested_context(kind, encodings)
        tls = (self._tls, destination.host) if self._tls else None
        return entity.associate(destination.host, destination.port, ae_title=destination.ae_title, tls_args=tls)

    def _send(self, association: Association, study: QueuedStudy, result: ResultObject) -> str:
        """Send one object and note that it arrived; returns what hinders, or nothing."""
        destination, begun = str(self._settings.destination), time.monotonic()
        try:
            answer = association.send_c_store(result.path)
        except (RuntimeError, ValueError) as error:
            lost = isinstance(error, RuntimeError)
            return "the connection was lost" if lost else f"the destination does not take {result.sop_class_uid.name}"
        status = answer.get("Status")
        if status is None:
            return "the connection was lost before the destination answered"
        if status not in STORED:
            return f"the destination refused {result.sop_class_uid.name} with status 0x{status:04X}"
        # A kill between the answer and this note makes the node send the object again: the same object, under the same UID.
        self._queue.record_sent(study, destination, str(result.sop_instance_uid))
        self.last_sent = time.time()
        self._log.info(
            "result.sent", study=study.key, to=destination, kind=result.sop_class_uid.name, seconds=round(time.monotonic() - begun, 2)
        )
        return ""


def read_result(path: Path) -> ResultObject:
    """Read of a DICOM file what sending it needs.

    Raises:
        Exception: the file is damaged.
    """
    header = dcmread(path, stop_before_pixels=True, specific_tags=["SOPClassUID", "SOPInstanceUID"])
    return ResultObject(path, header.SOPClassUID, header.SOPInstanceUID, header.file_meta.TransferSyntaxUID)
