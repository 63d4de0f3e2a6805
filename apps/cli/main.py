"""The command line: subcommands, exit statuses, and errors in one line."""

from __future__ import annotations

import logging
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Sequence
from importlib.metadata import version
from multiprocessing.dummy import DummyProcess
from pathlib import Path
from typing import Annotated

import typer

from nodulescope.apps.cli import analyze, demo, grade, info, label, package, phantom, segment_lungs, serve, train, tune
from nodulescope.apps.cli.data.group import data
from nodulescope.apps.cli.evaluate.group import evaluate
from nodulescope.apps.cli.federate.group import federate
from nodulescope.apps.cli.options import Verbosity
from nodulescope.bundles.errors import NodulescopeError

EPILOG = """Start here:

nodulescope demo

nodulescope analyze STUDY -o result

Points are DICOM patient coordinates in mm: X to the left, Y to the back, Z to the head. For research, not for clinical use."""

THREADS_END_WITHIN_S = 10.0

app = typer.Typer(
    name="nodulescope",
    epilog=EPILOG,
    rich_markup_mode="rich",
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("demo", epilog=demo.EPILOG)(demo.demo)
app.command("analyze", epilog=analyze.EPILOG)(analyze.analyze)
app.command("grade", epilog=grade.EPILOG)(grade.grade)
app.command("segment-lungs", epilog=segment_lungs.EPILOG)(segment_lungs.segment_lungs)
app.command("phantom", epilog=phantom.EPILOG)(phantom.phantom)
app.add_typer(data, name="data")
app.command("train", epilog=train.EPILOG)(train.train)
app.add_typer(evaluate, name="evaluate")
app.add_typer(federate, name="federate")
app.command("tune", epilog=tune.EPILOG)(tune.tune)
app.command("package", epilog=package.EPILOG)(package.package)
app.command("serve", epilog=serve.EPILOG)(serve.serve)
app.add_typer(label.label, name="label", epilog=label.EPILOG)
app.command("info", epilog=info.EPILOG)(info.info)


@app.callback(invoke_without_command=True)
def nodulescope(
    context: typer.Context,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error, and the warnings of libraries.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors (and JSON, if asked for).")] = False,
    show_version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,
) -> None:
    """Find, measure, grade and report lung nodules on a chest CT."""
    context.obj = Verbosity(quiet=quiet)
    if show_version:
        typer.echo(f"nodulescope {version('nodulescope')}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit


def main() -> None:
    """Run the command of this process and end it with the exit status."""
    status = run(sys.argv[1:])
    if status:
        _await_data_threads()
    sys.exit(status)


def run(arguments: Sequence[str]) -> int:
    """Run one command.

    Args:
        arguments: what stands on the command line after ``nodulescope``.

    Returns:
        The exit status: 0 done; 2 usage; 3 the input cannot be analysed; 4 a bundle cannot be loaded, trained or trusted;
        130 interrupted; 1 anything else. Errors are told in one line on standard error.
    """
    debug = "--debug" in arguments  # looked up here, because parsing itself may fail
    logging_was_disabled = logging.root.manager.disable
    with warnings.catch_warnings():
        if not debug:
            # What libraries warn of may quote headers, and with them names. What a reader must know stands in the findings.
            warnings.simplefilter("ignore")
            logging.disable(logging.WARNING)
        try:
            return int(app(args=list(arguments), prog_name="nodulescope", standalone_mode=False) or 0)
        except (Exception, typer.Abort) as error:
            if debug:
                traceback.print_exc()
            typer.echo(f"nodulescope: {_one_line(error)}", err=True)
            return getattr(error, "exit_code", 1) if isinstance(error, (NodulescopeError, typer.TyperException)) else 1
        finally:
            logging.disable(logging_was_disabled)


def _await_data_threads() -> None:
    """A data set's threads still work on their last items when another item was refused, and torch aborts if Python leaves before them.

    Only the threads of a pool are waited for: those of NVFlare, for one, idle for as long as the process lives.
    """
    until = time.monotonic() + THREADS_END_WITHIN_S
    for thread in threading.enumerate():
        if isinstance(thread, DummyProcess):
            thread.join(max(0.0, until - time.monotonic()))


def _one_line(error: BaseException) -> str:
    """What went wrong, for the person who typed the command."""
    if isinstance(error, NodulescopeError):
        return " ".join(str(error).split())
    if isinstance(error, typer.TyperException):
        context = getattr(error, "ctx", None)
        path = context.command_path if context is not None else "nodulescope"
        return f"{' '.join(error.format_message().split()).rstrip('.')}; `{path} --help` explains the options"
    if isinstance(error, OSError):
        return f"{error.filename or 'system'}: {error.strerror or type(error).__name__}"
    if isinstance(error, typer.Abort):
        return "stopped"
    # The text of an unforeseen error may quote the input, so only its kind and place are told.
    place = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{Path(place.filename).name}:{place.lineno}"
    return f"internal error ({type(error).__name__} at {where}); `nodulescope --debug ...` shows all of it"
