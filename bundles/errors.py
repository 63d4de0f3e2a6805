"""The errors a user may meet, each with the exit status of the command that raises it."""

from __future__ import annotations


class NodulescopeError(Exception):
    """Base of every error that is told to the user in one line.

    Args:
        message: one line that says what is wrong, in which file, and what to do about it.
    """

    exit_code = 1


class UsageError(NodulescopeError):
    """The command was asked for something that it does not offer."""

    exit_code = 2


class InputError(NodulescopeError):
    """The input cannot be analysed. The message names the file and the rule that it broke."""

    exit_code = 3


class BundleError(NodulescopeError):
    """A bundle or its weights cannot be loaded or cannot be trusted."""

    exit_code = 4
