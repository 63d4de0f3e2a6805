"""How a node runs: its name and place in the network, its queue, and where results go."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from nodulescope.bundles.errors import UsageError

LONGEST_AE_TITLE = 16
"""Characters (PS3.5 section 6.2, value representation AE)."""

DICOM_PORT = 11112
"""Registered for DICOM beside 104, and open to programs without special rights."""

HEALTH_PORT = 11113


@dataclass(frozen=True)
class Destination:
    """Where results are sent.

    Attributes:
        ae_title: of the application entity there.
        host: name or address.
        port: TCP port.
    """

    ae_title: str
    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.ae_title}@{host}:{self.port}"


@dataclass(frozen=True)
class TLSFiles:
    """PEM files of a secured connection.

    Attributes:
        certificate: of this node, with the chain that leads to its authority.
        key: private key of the certificate, not encrypted.
        authority: certificates by which the other side is checked. Without it this node asks callers for no certificate, and checks the
            destination by the system's authorities.
    """

    certificate: Path
    key: Path
    authority: Path | None = None


@dataclass(frozen=True)
class NodeSettings:
    """Everything that can be chosen about a node.

    Attributes:
        queue: folder of the queue.
        destination: where results are sent.
        program: command of the analysis, to which the folder of the images, ``-o`` and the folder for the results are added, and
            ``--prior`` with the findings of the patient's earlier study where the node has them.
        ae_title: the node's own.
        address: network address to listen on.
        port: to listen on; 0 takes any free one.
        callers: AE titles that may send; none means everyone.
        quiet_period_s: a study is complete when no image of it came for so long.
        keep_h: hours for which images and results of a finished study are kept.
        time_limit_s: after which an analysis is stopped.
        priors: whether findings are kept, and compared with those of the patient's next study.
        tls: None for connections that are not secured.
        tls_to_destination: whether results are sent by TLS too.
        health_address: network address on which the state can be asked for.
        health_port: port for that; 0 takes any free one, None offers it nowhere.
    """

    queue: Path
    destination: Destination
    program: tuple[str, ...]
    ae_title: str = "NODULESCOPE"
    address: str = "0.0.0.0"
    port: int = DICOM_PORT
    callers: tuple[str, ...] = ()
    quiet_period_s: float = 60.0
    keep_h: float = 0.0
    time_limit_s: float = 3600.0
    priors: bool = True
    tls: TLSFiles | None = None
    tls_to_destination: bool = True
    health_address: str = "127.0.0.1"
    health_port: int | None = HEALTH_PORT


def parse_ae_title(text: str) -> str:
    """Check an AE title.

    Raises:
        UsageError: it is empty, too long, or holds what an AE title may not hold.
    """
    title = text.strip()
    if not title or len(title) > LONGEST_AE_TITLE or not title.isascii() or not title.isprintable() or "\\" in title:
        raise UsageError(f"{text!r} is no AE title: write 1 to {LONGEST_AE_TITLE} letters, digits or signs other than the backslash")
    return title


def parse_destination(text: str) -> Destination:
    """Read a destination such as ``PACS@10.0.0.5:104`` or ``PACS@[fe80::1]:104``.

    Raises:
        UsageError: not of this form.
    """
    title, at, place = text.rpartition("@")
    host, colon, port = place.rpartition(":")
    if not (title and at and host and colon and port.isdecimal() and 0 < int(port) < 65536):
        raise UsageError(f"--send-to {text}: write AET@HOST:PORT, for example PACS@10.0.0.5:104")
    return Destination(parse_ae_title(title), host.removeprefix("[").removesuffix("]"), int(port))
