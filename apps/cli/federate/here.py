"""A federation on this machine, with its progress and its result on the terminal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from nodulescope.apps.cli.federate.job_options import job_settings, start_file
from nodulescope.apps.cli.federate.ledger_table import print_ledger
from nodulescope.apps.cli.progress import counting_progress
from nodulescope.apps.cli.train import bundle_folder

if TYPE_CHECKING:
    from nodulescope.federated.federation import Environment, Outcome


def run_and_tell(
    bundle: str, site_file: Path, output: Path, environment: Environment, *, start: str, as_json: bool, quiet: bool, **job: Any
) -> None:
    """Look at the sites, run the job, and tell what came of it.

    Args:
        bundle: name or folder.
        site_file: describes the sites.
        output: folder for the results.
        environment: where the job runs.
        start: as the option has it.
        as_json: print the ledger as JSON.
        quiet: print nothing else.
        job: what the options say of the job.

    Raises:
        NodulescopeError: the run is not complete.
    """
    from nodulescope.federated.federation import require_complete, run_here
    from nodulescope.federated.sites.preflight import look_at_sites
    from nodulescope.federated.sites.site_file import read_site_file

    root = bundle_folder(bundle)
    sites = read_site_file(site_file)
    weights = start_file(start)
    settings = job_settings(root, [site.name for site in sites], start="start.pt" if weights else start, **job)
    look_at_sites(sites, root, settings.configs)
    with counting_progress("Training at the sites", settings.rounds, shown=not quiet) as done:
        outcome = run_here(settings, sites, root, output, environment, start=weights, watch=lambda ledger: done(len(ledger.rounds)))
    tell(outcome, output, as_json=as_json, quiet=quiet)
    require_complete(outcome.ledger)


def tell(outcome: Outcome, output: Path, *, as_json: bool, quiet: bool) -> None:
    """Print the ledger, and where the results lie."""
    if as_json:
        typer.echo(json.dumps(outcome.ledger.to_json(), indent=2))
    elif not quiet:
        print_ledger(outcome.ledger)
        if outcome.bundle is not None:
            typer.echo(f"Trained: {outcome.bundle}")
        elif "encrypted" in outcome.ledger.settings.privacy:
            typer.echo(f"Encrypted: a hospital makes the bundle with `nodulescope federate decrypt {output} --kit KIT`")
        typer.echo(f"Who took part: {output / 'participation.md'}")
