"""``nodulescope label``: annotate, correct and retrain in 3D Slicer or OHIF, with MONAI Label."""

from __future__ import annotations

import json
import signal
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from nodulescope.apps.cli.options import AsJson, Bundles, Device, Quiet, is_quiet, parse_bundles
from nodulescope.apps.cli.plain_table import plain_table
from nodulescope.apps.cli.progress import stage_progress
from nodulescope.bundles.errors import NodulescopeError, UsageError

if TYPE_CHECKING:
    from nodulescope.apps.nodule_label.server import ServerSettings
    from nodulescope.apps.nodule_label.versions import Versions

EPILOG = """Examples:

nodulescope label --studies scans

nodulescope label --studies http://localhost:8042/dicom-web --port 8001

nodulescope label --studies scans versions

nodulescope label --studies scans roll-back nodule_detection

nodulescope label --studies scans use nodule_detection 2

STUDIES is a folder with NIfTI, NRRD or MetaImage files and DICOM series in folders below it, or the address of a DICOMweb service such as
Orthanc's. The first start makes the server's own environment, which takes minutes and some 2 GB; later ones take seconds, and no network.
Trained bundles are whole bundles: `nodulescope analyze SCAN -o result --bundle nodule_detection=FOLDER` runs one."""

label = typer.Typer(context_settings={"help_option_names": ["-h", "--help"]})

Bundle = Annotated[
    str, typer.Argument(metavar="BUNDLE", help="lung_segmentation, nodule_detection, nodule_segmentation or nodule_grading.")
]


@dataclass(frozen=True)
class Chosen:
    """What the subcommands share: the versions of these studies."""

    versions: Versions
    quiet: bool


@label.callback(invoke_without_command=True)
def serve(
    context: typer.Context,
    studies: Annotated[str, typer.Option(metavar="DIR|URL", help="Folder of the scans, or address of a DICOMweb service.")],
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the server.")] = 8000,
    host: Annotated[
        str, typer.Option(metavar="IP", help="Network address to listen on; 0.0.0.0 lets other machines in, and nobody has to log in.")
    ] = "127.0.0.1",
    state: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder for labels, versions and logs.", show_default="DIR/.nodulescope-label")
    ] = None,
    environment: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder of the server's own Python environment.", show_default=".venv-label")
    ] = None,
    prepare: Annotated[bool, typer.Option("--prepare", help="Only make the environment, and stop.")] = False,
    scores: Annotated[
        bool,
        typer.Option("--scores/--no-scores", help="Score unlabelled scans in the background, for the strategies that choose the next one."),
    ] = True,
    bundle: Bundles = None,
    device: Device = "auto",
    quiet: Quiet = False,
) -> None:
    """Serve scans to 3D Slicer or OHIF: label with the bundles' help, submit, retrain, and serve what got better.

    Runs until it is stopped (Ctrl-C).
    """
    from nodulescope.apps.nodule_label.dicomweb_address import check_dicomweb
    from nodulescope.apps.nodule_label.environment import environment_folder
    from nodulescope.apps.nodule_label.server import ServerSettings
    from nodulescope.apps.nodule_label.state_folder import is_address, state_folder_of
    from nodulescope.apps.nodule_label.versions import Versions

    quiet = is_quiet(context, quiet)
    if not is_address(studies) and not Path(studies).is_dir():
        raise UsageError(f"--studies {studies}: there is no such folder; name a folder of scans, or a DICOMweb address (http://...)")
    replaced = parse_bundles(bundle)
    kept = state_folder_of(studies, None if state is None else str(state))
    if context.invoked_subcommand is not None:
        context.obj = Chosen(Versions(kept.versions, replaced), quiet)
        return
    if is_address(studies) and not prepare:
        check_dicomweb(studies)
    place = environment_folder(environment)
    _prepare(place, shown=not quiet)
    if prepare:
        return
    settings = ServerSettings(
        studies if is_address(studies) else str(Path(studies).absolute()), kept, place, host, port, device, replaced, scores
    )
    run_server(settings, quiet=quiet)


@label.command("versions")
def versions(context: typer.Context, as_json: AsJson = False) -> None:
    """List every version of every bundle, how it compared, and which is served."""
    from nodulescope.bundles.predictors import STAGES

    chosen: Chosen = context.obj
    told = {stage: _described(chosen.versions, stage) for stage in STAGES}
    if as_json:
        typer.echo(json.dumps(told, indent=2))
        return
    table = plain_table(
        "Versions", {"Bundle": "left", "Version": "right", "Served": "left", "Metric": "left", "Value": "right", "Before": "right"}
    )
    for stage, found in told.items():
        for version in found["versions"]:
            compared = version["comparison"]
            numbers = (compared["metric"], f"{compared['trained']:.4f}", f"{compared['served']:.4f}") if compared else ("", "", "")
            table.add_row(stage, str(version["number"]), "served" if version["number"] == found["served"] else "", *numbers)
    Console().print(table)


@label.command("roll-back")
def roll_back(context: typer.Context, bundle: Bundle) -> None:
    """Serve again what was served before; a server that runs follows at once."""
    chosen: Chosen = context.obj
    version = chosen.versions.roll_back(bundle)
    if not chosen.quiet:
        typer.echo(f"{bundle}: version {version.number} is served ({version.folder})")


@label.command("use")
def use(
    context: typer.Context,
    bundle: Bundle,
    number: Annotated[int, typer.Argument(metavar="N", help="Of the version; 0 is the shipped bundle.")],
) -> None:
    """Serve a version whatever its comparison says; a server that runs follows at once."""
    chosen: Chosen = context.obj
    version = chosen.versions.serve(bundle, number)
    if not chosen.quiet:
        typer.echo(f"{bundle}: version {version.number} is served ({version.folder})")


def run_server(settings: ServerSettings, *, quiet: bool) -> None:
    """Start the server, say what to open, and stay until it is stopped.

    Raises:
        NodulescopeError: it does not start, or ends by itself.
    """
    from nodulescope.apps.nodule_label.server import running_server

    def stop(_: int, __: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    try:
        with ExitStack() as running:
            with stage_progress(("starting_the_server",), shown=not quiet) as progress:
                progress("starting_the_server")
                process = running.enter_context(running_server(settings))
            if not quiet:
                typer.echo(what_to_open(settings))
            status = process.wait()
    except KeyboardInterrupt:
        return
    raise NodulescopeError(f"the label server ended with exit status {status}; {settings.log} has all of it")


def what_to_open(settings: ServerSettings) -> str:
    """What a person does next."""
    return f"""{settings.studies} is served at {settings.address}; Ctrl-C stops.

3D Slicer: install the extension MONAILabel, open the module MONAI Label, enter {settings.address}, press the green arrow, Next Sample.
OHIF: the extension monai-label, with {settings.address} as its server.
Browser: {settings.address}/info/ says what is served; {settings.address} shows every REST call (that page's look comes from the internet).

Labels, versions and logs: {settings.state.root}
Look through what was labelled: nodulescope data review {settings.state.annotations / "scans.json"} -o pages"""


def _prepare(place: Path, *, shown: bool) -> None:
    from nodulescope.apps.nodule_label.environment import STEPS, is_ready, make_environment

    if is_ready(place):
        return
    if shown:
        typer.echo(f"Making the label server's own environment in {place}: minutes, some 2 GB, only this once.", err=True)
    with stage_progress(STEPS, shown=shown) as progress:
        make_environment(place, progress)


def _described(versions: Versions, stage: str) -> dict[str, Any]:
    return {"served": versions.served(stage).number, "versions": [version.to_json() for version in versions.all(stage)]}
