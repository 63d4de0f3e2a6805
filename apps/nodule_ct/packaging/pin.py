"""One pinned package: a line of a requirements file."""

from __future__ import annotations

import re
from dataclasses import dataclass

from nodulescope.bundles.errors import InputError

LINE = re.compile(r"(?P<name>[a-z0-9-]+)==(?P<version>[^ ]+) --hash=sha256:(?P<sha256>[0-9a-f]{64})")


@dataclass(frozen=True, order=True)
class Pin:
    """A package in one version, as one file.

    Attributes:
        name: in its canonical form: lower case, hyphens.
        version: with the local part, where the build has one (``2.13.0+cpu``).
        sha256: of the wheel.
    """

    name: str
    version: str
    sha256: str

    @classmethod
    def parse(cls, line: str) -> Pin:
        """Read a line that :meth:`line` wrote.

        Raises:
            InputError: it has another form.
        """
        match = LINE.fullmatch(line)
        if match is None:
            raise InputError(f"requirements.txt: {line!r} is not of the form name==version --hash=sha256:...")
        return cls(**match.groupdict())

    def line(self) -> str:
        """As pip reads it."""
        return f"{self.name}=={self.version} --hash=sha256:{self.sha256}"

    @property
    def public_version(self) -> str:
        """The version without the local part: builds of one release share it."""
        return self.version.partition("+")[0]
