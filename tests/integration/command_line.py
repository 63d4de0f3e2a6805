"""The command line as a process of its own, as a person starts it."""

from __future__ import annotations

import sys

HEAR_CTRL_C = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
"""Whoever runs the tests in the background may ignore SIGINT, and programs inherit that."""

COMMAND = (sys.executable, "-c", f"{HEAR_CTRL_C}; from nodulescope.apps.cli.main import main; main()")
