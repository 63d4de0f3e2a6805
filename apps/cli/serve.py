"""``nodulescope serve``: a DICOM node that analyses what it is sent."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from nodulescope.apps.cli.options import DEVICE_HELP, Bundles, Language, Quiet, is_quiet
from nodulescope.bundles.errors import BundleError, UsageError

EPILOG = """Examples:

nodulescope serve --queue /var/lib/nodulescope --send-to PACS@10.0.0.5:104

nodulescope serve --queue queue --send-to ORTHANC@localhost:4242 --port 11112 --ae-title CHESTAI --allow CT1 --allow PACS

nodulescope serve --queue queue --send-to PACS@pacs.example:2762 --tls-cert node.pem --tls-key node.key --tls-ca hospital.pem

curl http://127.0.0.1:11113/health

Stop it with SIGTERM or Ctrl-C; the next start goes on with the queue. Research use only."""

PROCESS = (sys.executable, "-m", "nodulescope.apps.dicom_node.analysis_process")

CHECK_LIMIT_S = 600.0
"""For opening the bundles, which takes seconds; minutes where the disk is slow."""

OWNER_ONLY = 0o077
"""Files in the queue are images of patients: nobody but the node's own user may read them."""


def serve(
    context: typer.Context,
    queue: Annotated[
        Path,
        typer.Option(
            metavar="DIR", help="Folder for studies on their way through the node, on a local disk. A start goes on with what is in it."
        ),
    ],
    send_to: Annotated[str, typer.Option(metavar="AET@HOST:PORT", help="Where results are sent: usually the PACS.")],
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on which studies are received; 0 takes any free one.")] = 11112,
    ae_title: Annotated[str, typer.Option(metavar="AET", help="The node's AE title. Senders must call it by this name.")] = "NODULESCOPE",
    address: Annotated[
        str, typer.Option(metavar="IP", help="Network address to listen on; 0.0.0.0 is every one of this machine.")
    ] = "0.0.0.0",
    allow: Annotated[
        list[str] | None,
        typer.Option(metavar="AET", help="AE title of a sender that is let in. May be given several times; without it everyone is."),
    ] = None,
    quiet_period: Annotated[
        float, typer.Option(metavar="SECONDS", min=0.0, help="A study is complete when no image of it came for so long.")
    ] = 60.0,
    keep: Annotated[
        float,
        typer.Option(
            metavar="HOURS",
            min=0.0,
            help="Keep images and results of a study so long after its results were sent. Late images of a study that is no longer kept "
            "are not analysed: the whole study has to come again.",
        ),
    ] = 0.0,
    priors: Annotated[
        bool,
        typer.Option(
            "--priors/--no-priors",
            help="Keep the findings of every study for five years, and compare a patient's next study with them. Switch it off where "
            "different patients carry the same patient ID, as in anonymised data.",
        ),
    ] = True,
    time_limit: Annotated[float, typer.Option(metavar="MINUTES", min=0.1, help="An analysis that takes longer is stopped.")] = 60.0,
    tls_cert: Annotated[
        Path | None, typer.Option(metavar="PEM", help="This node's certificate. With it all connections are secured by TLS.")
    ] = None,
    tls_key: Annotated[Path | None, typer.Option(metavar="PEM", help="Key of the certificate, without a password.")] = None,
    tls_ca: Annotated[
        Path | None,
        typer.Option(
            metavar="PEM", help="Certificates of the authority. Senders must then show a certificate that it signed, and so must the PACS."
        ),
    ] = None,
    send_without_tls: Annotated[
        bool, typer.Option("--send-without-tls", help="Send results unsecured, though studies are received by TLS.")
    ] = False,
    health_port: Annotated[int, typer.Option(min=0, max=65535, help="Port of http://.../health for monitoring; 0 offers none.")] = 11113,
    health_address: Annotated[
        str, typer.Option(metavar="IP", help="Network address of /health. It says how many studies there are and names no patient.")
    ] = "127.0.0.1",
    settings_file: Annotated[
        Path | None,
        typer.Option("--settings", metavar="FILE", help="YAML file in the form of the application's app.yaml; other options win over it."),
    ] = None,
    bundle: Bundles = None,
    device: Annotated[str | None, typer.Option("--device", metavar="NAME", help=DEVICE_HELP, show_default="auto")] = None,
    language: Language = None,
    quiet: Quiet = False,
) -> None:
    """Receive studies by DICOM, analyse one after another, send the results on.

    Runs until it is stopped and writes its log to standard output: one JSON object a line, without names or identifiers of patients. An
    image is acknowledged once it is on disk. A kill or a loss of power loses nothing: what was received is analysed and what was found is
    sent after the next start.
    """
    from nodulescope.apps.dicom_node.json_log import JsonLog
    from nodulescope.apps.dicom_node.node import Node
    from nodulescope.apps.dicom_node.settings import NodeSettings, TLSFiles, parse_ae_title, parse_destination

    if (tls_cert is None) != (tls_key is None) or (tls_cert is None and (tls_ca is not None or send_without_tls)):
        raise UsageError("TLS needs both --tls-cert and --tls-key; --tls-ca and --send-without-tls go with them")
    options = analysis_options(settings_file, bundle, device, language)
    settings = NodeSettings(
        queue=queue,
        destination=parse_destination(send_to),
        program=(*PROCESS, "analyze", *options),
        ae_title=parse_ae_title(ae_title),
        address=address,
        port=port,
        callers=tuple(parse_ae_title(title) for title in allow or ()),
        quiet_period_s=quiet_period,
        keep_h=keep,
        time_limit_s=time_limit * 60,
        priors=priors,
        tls=TLSFiles(tls_cert, tls_key, tls_ca) if tls_cert and tls_key else None,
        tls_to_destination=not send_without_tls,
        health_address=health_address,
        health_port=health_port or None,
    )
    os.umask(OWNER_ONLY)
    node = Node(settings, JsonLog(sys.stdout, quiet=is_quiet(context, quiet)))
    require_bundles(options)
    node.run()


def analysis_options(
    settings_file: Path | None, bundle: list[str] | None, device: str | None, language: str | None = None
) -> tuple[str, ...]:
    """Options of ``nodulescope analyze`` that every analysis of the node gets."""
    single = (("--settings", settings_file), ("--device", device), ("--language", language))
    named = [*((option, value) for option, value in single if value), *(("--bundle", value) for value in bundle or ())]
    return tuple(str(word) for pair in named for word in pair)


def require_bundles(options: tuple[str, ...]) -> None:
    """Open the bundles once, in a process of its own: a node that cannot analyse shall not take studies.

    Raises:
        UsageError: there is no such device, stage or settings file.
        BundleError: a bundle cannot be loaded or trusted.
    """
    from nodulescope.apps.dicom_node.tied_process import TiedProcess

    outcome = TiedProcess((*PROCESS, "check", *options), CHECK_LIMIT_S).wait()
    if outcome.exit_status == UsageError.exit_code:
        raise UsageError(outcome.error)
    if outcome.exit_status:
        raise BundleError(f"{outcome.error}; the bundles cannot be opened, `nodulescope info` shows what is installed")
