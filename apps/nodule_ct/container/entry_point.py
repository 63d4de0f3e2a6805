"""Entry point of the image: ``show``, ``extract``, ``self-test``, ``health``, ``env``, ``help``, and without any of them the application.

The application takes the place of this process, so signals and its exit status are the container's own.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import sys
from collections.abc import Callable, Mapping, Sequence

from nodulescope.apps.nodule_ct.container.extract import extract
from nodulescope.apps.nodule_ct.container.health import health
from nodulescope.apps.nodule_ct.container.places import place, scratch_folder
from nodulescope.apps.nodule_ct.container.self_test import self_test
from nodulescope.apps.nodule_ct.container.show import show
from nodulescope.apps.nodule_ct.supervision import ENDING_SIGNALS
from nodulescope.bundles.errors import NodulescopeError, UsageError

HELP = """What this image does:

  (nothing)       analyse the chest CT in /var/holoscan/input, write the results to /var/holoscan/output
  show [app|pkg]  print the manifests
  extract         copy application, configuration, models and documents to the folder mounted at /var/run/holoscan/export
  self-test       analyse the phantom in the image and hold the result against its truth
  health          say whether the analysis in this container makes progress
  env             print the environment
  help            this text

Anything else is passed to the application: -i INPUT, -o OUTPUT, -m MODELS, -l LOG_LEVEL.
Exit status: 0 done; 2 usage; 3 the input cannot be analysed; 4 a bundle cannot be loaded or trusted; 143 stopped by SIGTERM; 1 anything
else, a stalled graph included. For research, not for clinical use."""

STACK_BYTES = 32 * 2**20
"""Stack that Holoscan asks for; with the usual 8 MB it warns of crashes."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the container was asked for; returns the exit status, unless the application takes over."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    commands: Mapping[str, Callable[[Sequence[str]], int]] = {
        "show": show,
        "extract": extract,
        "self-test": self_test,
        "health": health,
        "env": _print_environment,
        "help": _print_help,
    }
    try:
        scratch = scratch_folder()
        if scratch is not None:
            os.environ["TMPDIR"] = str(scratch)
        if words and words[0] in commands:
            return commands[words[0]](words[1:])
        become_application(words)
    except NodulescopeError as error:
        print(f"nodulescope: {error}", file=sys.stderr)  # noqa: T201
        return error.exit_code
    return 1


def application_command() -> list[str]:
    """Program and arguments of the application, as ``app.json`` has them.

    Raises:
        UsageError: the manifest is missing or names no command.
    """
    manifest = place("HOLOSCAN_APP_MANIFEST_PATH")
    try:
        command = json.loads(json.loads(manifest.read_text(encoding="utf-8"))["command"])
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise UsageError(f"{manifest}: names no command of the application ({type(error).__name__}); is this file mounted over?") from error
    return [str(word) for word in command]


def become_application(arguments: Sequence[str]) -> None:
    """Replace this process by the application.

    Raises:
        UsageError: it cannot be started.
    """
    command = [*application_command(), *arguments]
    program = shutil.which(command[0])
    if program is None:
        raise UsageError(f"{command[0]}: not found on PATH ({os.environ.get('PATH')}), so the application cannot be started")
    _raise_stack_limit()
    # The first process of a container ignores signals that it has no handler for. Held back, they wait until the application has one.
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDING_SIGNALS)
    os.execv(program, command)


def _raise_stack_limit() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_STACK)
    enough = STACK_BYTES if hard == resource.RLIM_INFINITY else min(STACK_BYTES, hard)
    if soft != resource.RLIM_INFINITY and soft < enough:
        resource.setrlimit(resource.RLIMIT_STACK, (enough, hard))


def _print_environment(_arguments: Sequence[str]) -> int:
    for name, value in sorted(os.environ.items()):
        print(f"{name}={value}")  # noqa: T201
    return 0


def _print_help(_arguments: Sequence[str]) -> int:
    print(HELP)  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
