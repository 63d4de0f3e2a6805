"""Independent random streams, so that one part of a phantom can be drawn without disturbing another."""

from __future__ import annotations

from enum import IntEnum

import numpy as np


class Stream(IntEnum):
    """What a stream is for. The numbers are part of what a seed means: never renumber them."""

    SCANNER = 1
    PATIENT = 2
    NODULES = 3
    BODY = 4
    VESSELS = 5
    PARENCHYMA = 6
    PLACEMENT = 7
    SHAPES = 8
    NOISE = 9
    READERS = 10
    DISTRACTORS = 11
    POSTURE = 12
    COURSES = 13


def generator(seed: int, stream: Stream, index: int = 0) -> np.random.Generator:
    """The generator of one stream of one seed: the same on every machine.

    Args:
        seed: the phantom's seed, 0 or more.
        stream: what it is for.
        index: number of the item within the stream, such as the nodule.
    """
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, int(stream), index])))
