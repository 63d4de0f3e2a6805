"""``nodulescope federate submit``: send a job to hospitals."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nodulescope.apps.cli.federate import job_options as options
from nodulescope.apps.cli.federate.here import tell
from nodulescope.apps.cli.options import AsJson, Quiet, is_quiet
from nodulescope.bundles.errors import UsageError

EPILOG = """Examples:

nodulescope federate submit nodule_grading --kit kits/lead@example.org --site hospital-north --site hospital-south --site hospital-west

nodulescope federate submit nodule_detection --kit kits/lead@example.org --sites sites.yaml --algorithm fedprox --rounds 20

The sites are named by --site, or by the entries of a site file, of which only the names are read: each hospital has its own
local/nodulescope.yaml, which says where its data lie. --start names weights in the local folder of the server's startup kit.

The command waits for the end of the job and fetches its result. Stopped with Ctrl-C, it stops the job; the same command with --resume goes
on after the last whole round."""


def submit(
    context: typer.Context,
    bundle: options.Bundle,
    kit: Annotated[Path, typer.Option(metavar="DIR", help="Your startup kit; you must have the role lead.")],
    site: Annotated[
        list[str] | None, typer.Option("--site", metavar="NAME", help="A site that is expected to take part. Repeatable.")
    ] = None,
    sites: Annotated[Path | None, typer.Option(metavar="FILE", help="A site file whose names are the expected sites.")] = None,
    output: options.Output = Path("runs/federated"),
    rounds: options.Rounds = 5,
    local_epochs: options.LocalEpochs = 1,
    algorithm: options.Algorithm = "fedavg",
    min_sites: options.MinSites = 2,
    start: options.Start = "shipped",
    config: options.Config = None,
    changes: options.Changes = None,
    keep_at_site: options.Keep = None,
    wire: options.Wire = "half",
    privacy: options.Privacy = None,
    cross_site: options.CrossSite = False,
    personal: options.Personal = 0,
    round_timeout: options.RoundTimeout = 3600,
    run: options.Run = "federation",
    resume: options.Resume = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Send a job to a provisioned federation, wait for its end, and fetch the resulting bundle."""
    from nodulescope.apps.cli.train import bundle_folder
    from nodulescope.federated.environments.production import run_at_hospitals
    from nodulescope.federated.federation import WORK, collect, require_complete
    from nodulescope.federated.recipe import FederatedRecipe

    quiet = is_quiet(context, quiet)
    root = bundle_folder(bundle)
    settings = options.job_settings(
        root,
        _names(site, sites),
        start=start,
        configs=config,
        changes=changes,
        kept_at_site=keep_at_site,
        privacy=privacy,
        rounds=rounds,
        local_epochs=local_epochs,
        algorithm=algorithm,
        min_sites=min_sites,
        wire=wire,
        cross_site=cross_site,
        personal_epochs=personal,
        round_timeout_s=round_timeout,
        run=run,
        resume=resume,
    )

    sent: list[str] = []

    def told(number: str) -> None:
        sent.append(number)
        if not quiet:
            typer.echo(f"Job {number} was taken; waiting for its end", err=True)

    def refused(name: str, why: str) -> None:
        typer.echo(f"{name} does not take the job: {why}", err=True)

    try:
        result = run_at_hospitals(FederatedRecipe(settings), settings, kit, output / WORK, told, refused)
    except KeyboardInterrupt:
        if sent:
            typer.echo(f"Job {sent[0]} is stopped at all sites; --resume goes on after its last whole round", err=True)
        raise
    outcome = collect(result, root, output)
    tell(outcome, output, as_json=as_json, quiet=quiet)
    require_complete(outcome.ledger)


def _names(named: list[str] | None, file: Path | None) -> list[str]:
    from nodulescope.federated.sites.site_file import read_site_file

    names = [*(named or ()), *(entry.name for entry in (read_site_file(file) if file is not None else ()))]
    if not names:
        raise UsageError("name the expected sites with --site NAME, or with a site file: --sites FILE")
    return names
