"""The names of what the server asks of a site, and of what goes with it."""

from __future__ import annotations

CHECK = "check"
"""Open the bundle and count the cases; sent once, before the first round."""

TRAIN = "train"
"""Train one round from the weights that come with it; with them the site also measures those weights."""

EVALUATE = "validate"
"""Measure the weights that come with it."""

PERSONAL = "personal"
"""Train the weights that come with it further for the site itself, measure them, and keep them there."""

ALL = (CHECK, TRAIN, EVALUATE, PERSONAL)
WITH_WEIGHTS = (TRAIN, EVALUATE, PERSONAL)

REPORT = "report"
"""Under this name a result's metadata hold plain values for the ledger."""

BYTES = "nodulescope_bytes"
"""Under this name a message's metadata hold the size of its arrays on the wire."""

MEASURE = "measure"
"""Under this name the metadata of a round say whether the site measures the weights before it trains them."""

CONTROL = "control:"
"""Begins the names of SCAFFOLD's control variates, which travel beside the weights from the server to the sites."""

EXPONENTS = "exponents:"
"""Begins the names of the exponents of values that travel in 8 bits."""

TRAVELLED = "travelled"
"""Under this name a report holds the sum of the learning rates of a round's steps, from which the server derives SCAFFOLD's controls."""
