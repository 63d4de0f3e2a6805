"""A real node in a process of its own, whose analysis is the one of ``light_analysis.py``: ``light_node.py SETTINGS.json``."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from nodulescope.apps.dicom_node.json_log import JsonLog
from nodulescope.apps.dicom_node.node import Node
from nodulescope.apps.dicom_node.settings import NodeSettings, TLSFiles, parse_destination

given = json.loads(Path(sys.argv[1]).read_text())
tls = given.pop("tls", None)
node = Node(
    NodeSettings(
        queue=Path(given.pop("queue")),
        destination=parse_destination(given.pop("destination")),
        program=(sys.executable, str(Path(__file__).with_name("light_analysis.py"))),
        callers=tuple(given.pop("callers", ())),
        tls=TLSFiles(*(Path(file) for file in tls)) if tls else None,
        **given,
    ),
    JsonLog(sys.stdout),
)
node.run()
