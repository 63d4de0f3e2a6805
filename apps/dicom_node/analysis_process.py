"""The process in which the node analyses a study: ``nodulescope analyze``, tied to the life of the node.

``python -m nodulescope.apps.dicom_node.analysis_process analyze ...`` takes what ``nodulescope analyze`` takes, and
``... check [--settings FILE] [--bundle STAGE=DIR] [--device NAME] [--language CODE]`` only opens the bundles. Either ends when its standard
input ends.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from nodulescope.apps.cli.main import run
from nodulescope.apps.cli.options import Bundles, Language, parse_bundles
from nodulescope.bundles.errors import NodulescopeError

CHECK = "check"


def end_with_parent() -> None:
    """Kill this process, and all that it has started, as soon as standard input ends: then the node is dead."""

    def watch() -> None:
        while os.read(sys.stdin.fileno(), 1):
            pass
        if os.getpgrp() == os.getpid():
            os.killpg(0, signal.SIGKILL)
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=watch, daemon=True).start()


def check(
    settings_file: Annotated[Path | None, typer.Option("--settings")] = None,
    bundle: Bundles = None,
    device: Annotated[str | None, typer.Option("--device")] = None,
    language: Language = None,
) -> None:
    """Open every bundle as an analysis would, and refuse what every analysis would refuse."""
    from nodulescope.apps.nodule_ct.settings import read_settings
    from nodulescope.operators.models import open_models

    settings = read_settings(settings_file)
    settings = replace(settings, language=language or settings.language)
    open_models({**settings.bundles, **parse_bundles(bundle)}, device or settings.device, settings.magnifications, settings.overlap)


def main() -> int:
    """Run what the arguments ask for; returns the exit status."""
    end_with_parent()
    if sys.argv[1] != CHECK:
        return run(["--quiet", *sys.argv[1:]])
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(check)
    try:
        app(args=sys.argv[2:], standalone_mode=False)
    except NodulescopeError as error:
        typer.echo(f"nodulescope: {error}", err=True)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
