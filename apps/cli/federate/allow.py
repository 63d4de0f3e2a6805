"""``nodulescope federate allow``: what a hospital lets jobs train."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from nodulescope.apps.cli.options import AsJson, Quiet, is_quiet

EPILOG = """Examples:

nodulescope federate allow --kit kits/hospital-north

nodulescope federate allow nodule_grading --kit kits/hospital-north

nodulescope federate allow nodule_grading --kit kits/hospital-north --withdraw

Without BUNDLE the list is only shown. A bundle is allowed as it is installed here now, by the hash of its code: after an update it has to
be allowed again. A site reads its list for each job, so nothing has to be restarted."""


def allow(
    context: typer.Context,
    kit: Annotated[Path, typer.Option(metavar="DIR", help="The hospital's startup kit.")],
    bundle: Annotated[str | None, typer.Argument(metavar="BUNDLE", help="Name of an installed bundle, or the folder of one.")] = None,
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Take the bundle off the list, whatever its hash.")] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Show or change the list of bundles that jobs may train at this hospital."""
    from nodulescope.apps.cli.train import bundle_folder
    from nodulescope.bundles.errors import UsageError
    from nodulescope.federated.bundle_identity import bundle_sha256
    from nodulescope.federated.provisioning.allow_list import ALLOW_LIST, AllowList, read_allow_list

    if not (kit / "startup" / "fed_client.json").is_file():
        raise UsageError(f"{kit}: not the startup kit of a hospital (it has no startup/fed_client.json)")
    file = kit / "local" / ALLOW_LIST
    allowed = read_allow_list(file)
    if bundle is not None:
        listed = {name: hashes for name, hashes in allowed.bundles.items() if name != Path(bundle).name}
        if not withdraw:
            root = bundle_folder(bundle)
            listed[root.name] = tuple(dict.fromkeys((*allowed.bundles.get(root.name, ()), bundle_sha256(root))))
        allowed = AllowList(listed, allowed.statistics)
        allowed.write(file)
    if as_json:
        typer.echo(json.dumps(allowed.to_json(), indent=2))
    elif not is_quiet(context, quiet):
        for name, hashes in sorted(allowed.bundles.items()):
            typer.echo(f"{name}: {', '.join(hashes)}")
        typer.echo(f"statistics: {'allowed' if allowed.statistics else 'not allowed'}")
