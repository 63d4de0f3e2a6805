"""Time and memory of one analysis, from the command to its last file: ``make bench``. Not a test: machines differ.

On a phantom, and on LIDC-IDRI-0001 where ``../shared/data`` lies beside the repository. The aim on two cores is 30 s (at most 60) and 4 GB.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from nodulescope.apps.cli.demo import demo_phantom
from nodulescope.apps.cli.phantom_study import write_phantom_study

REAL_SCAN = Path(__file__).resolve().parents[2] / "shared" / "data" / "LIDC-IDRI-0001"


def measure(study: Path, out: Path) -> tuple[float, float, dict[str, float]]:
    """Analyse a study in a process of its own: wall seconds, largest resident GB of any process so far, seconds per step."""
    start = time.perf_counter()
    subprocess.run([Path(sys.executable).with_name("nodulescope"), "--quiet", "analyze", study, "-o", out], check=True)
    seconds = time.perf_counter() - start
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20  # Linux counts in KiB
    timings: dict[str, float] = json.loads((out / "findings.json").read_text(encoding="utf-8"))["timings_s"]
    return seconds, memory, timings


def main() -> None:
    """Measure every study that is at hand, and print a table."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        studies = {"phantom": write_phantom_study(demo_phantom(0), folder / "phantom")}
        if REAL_SCAN.is_dir():
            studies[REAL_SCAN.name] = REAL_SCAN
        measured = {name: measure(study, folder / f"result-{name}") for name, study in studies.items()}
    table = Table("Step", *(f"{name} (s)" for name in measured), header_style="bold")
    for step in next(iter(measured.values()))[2]:
        table.add_row(step, *(f"{timings.get(step, 0):.2f}" for _, _, timings in measured.values()))
    table.add_row("from start to exit", *(f"{seconds:.1f}" for seconds, _, _ in measured.values()), style="bold")
    table.add_row("peak memory (GB)", *(f"{memory:.2f}" for _, memory, _ in measured.values()), style="bold")
    Console().print(table)


if __name__ == "__main__":
    main()
