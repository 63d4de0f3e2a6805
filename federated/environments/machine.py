"""The folders of a federation whose processes all run on this machine."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from nodulescope.bundles.errors import NodulescopeError
from nodulescope.federated.ledger.ledger import FILE
from nodulescope.federated.sites.place import PLACES


@dataclass(frozen=True)
class Machine:
    """Where the processes of one federation on this machine work.

    Attributes:
        folder: of the federation; NVFlare's own files and logs lie below it.
        places: file that tells each process its site.
        sites: how many sites share the cores.
    """

    folder: Path
    places: Path
    sites: int

    @property
    def state(self) -> Path:
        """Below it each process has a folder of its own that outlives a job."""
        return self.folder / "state"

    @property
    def local(self) -> Path:
        """Where files for the server lie, such as weights to start from."""
        return self.folder / "local"

    def environment(self) -> dict[str, str]:
        """The environment of its processes: where they find their site, and a fair share of the cores."""
        threads = str(max(1, (os.cpu_count() or 1) // self.sites))
        return {"OMP_NUM_THREADS": threads, "PYTHONWARNINGS": "ignore", **os.environ, PLACES: str(self.places.absolute())}

    def result_folder(self, server: str, run: str, log: Path) -> Path:
        """The server's folder of a run.

        Raises:
            NodulescopeError: it has left no ledger.
        """
        folder = self.state / server / run
        if not (folder / FILE).is_file():
            raise NodulescopeError(f"{log}: the server left no ledger; this log tells why")
        return folder
