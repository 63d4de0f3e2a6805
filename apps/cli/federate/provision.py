"""``nodulescope federate provision``: startup kits for everyone who takes part."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nodulescope.apps.cli.options import AsJson, Quiet, is_quiet
from nodulescope.apps.cli.progress import counting_progress
from nodulescope.bundles.errors import UsageError

if TYPE_CHECKING:
    from nodulescope.federated.provisioning import Kits

EPILOG = """Examples:

nodulescope federate provision --example project.yml

nodulescope federate provision project.yml -o kits

nodulescope federate provision project.yml -o kits --json | jq .sites

The example describes three hospitals and one server. Change names and hosts, then make the kits: one folder for the server, one for
each hospital, one for each person, all signed by a root certificate of their own. Give every kit to its owner and to nobody else; each
hospital's kit holds hospital-it.md, which says what its IT has to do and to know.

The folder root-authority holds the key with which more participants can be added later: add them to the file and give the command again.
Keep it offline."""


def provision(
    context: typer.Context,
    project: Annotated[
        Path | None, typer.Argument(metavar="PROJECT", help="The project file: who takes part, in NVFlare's format.")
    ] = None,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder for the kits, one folder in it for each.")] = Path("kits"),
    example: Annotated[
        Path | None, typer.Option("--example", metavar="FILE", help="Write a project file to change, of three hospitals, and stop.")
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Make the startup kits of a federation: certificates, keys, rights, and what each hospital fills in."""
    from nodulescope.federated.provisioning import example_project
    from nodulescope.federated.provisioning import provision as make_kits

    quiet = is_quiet(context, quiet)
    if (project is None) == (example is None):
        raise UsageError("name a project file, or write one to change with --example FILE")
    if example is not None:
        _write_example(example, example_project())
        if not quiet:
            typer.echo(f"{example}: change names and hosts, then `nodulescope federate provision {example}`")
        return
    assert project is not None
    with counting_progress("Making keys and certificates", 1, shown=not quiet) as done:
        kits = make_kits(project, out)
        done(1)
    if as_json:
        typer.echo(json.dumps(kits.to_json(), indent=2))
    elif not quiet:
        _tell(kits)


def _write_example(file: Path, text: str) -> None:
    if file.exists():
        raise UsageError(f"{file}: is there already; choose another name")
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{file}: cannot be written ({error.strerror})") from error


def _tell(kits: Kits) -> None:
    typer.echo(f"Server: {kits.server}")
    for name, folder in kits.sites.items():
        typer.echo(f"Hospital {name}: {folder}")
    for name, folder in kits.people.items():
        typer.echo(f"{name}: {folder}")
    typer.echo(f"Keep offline: {kits.authority}")
