"""``nodulescope federate decrypt``: the bundle of a federation with encrypted layers, made at a site, which has the keys."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nodulescope.apps.cli.options import Quiet, is_quiet

EPILOG = """Examples:

nodulescope federate decrypt runs/federated --kit kits/hospital-north

RESULT is the folder that `submit` wrote: with encrypted layers it holds weights that neither the server nor the lead can read. A hospital
decrypts them with its startup kit, which no other hospital has to see: all have the same keys. RESULT/bundle is then what every federation
leaves."""


def decrypt(
    context: typer.Context,
    result: Annotated[Path, typer.Argument(metavar="RESULT", help="Folder that `submit` wrote.")],
    kit: Annotated[Path, typer.Option(metavar="DIR", help="Startup kit of a hospital of that federation.")],
    quiet: Quiet = False,
) -> None:
    """Decrypt the result of a federation with encrypted layers, and make its bundle."""
    from nodulescope.federated.privacy.decryption import decrypt_result

    bundle = decrypt_result(result, kit)
    if not is_quiet(context, quiet):
        typer.echo(f"Trained: {bundle}")
