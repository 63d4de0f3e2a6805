"""A layer's values that only the sites can read; the server adds and scales them all the same."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

MARK = b"nodulescope-encrypted\n"
"""Begins an encrypted layer on the wire and on disk."""

SUFFIX = ":encrypted"
"""Ends the name of such a layer in a file of weights: as bytes, it must not be taken for the layer."""


class EncryptedLayer:
    """Encrypted values times a plain number.

    A multiplication uses up one of few levels of a CKKS ciphertext, so plain factors are only noted, and applied where two layers with
    different factors are added: one multiplication per round and site, instead of two.

    Args:
        vector: TenSEAL's encrypted vector, flat.
        shape: of the layer.
        factor: what the values have to be multiplied with.
    """

    __array_ufunc__ = None  # so that NumPy leaves `array + layer` to this class

    def __init__(self, vector: Any, shape: tuple[int, ...], factor: float = 1.0) -> None:
        self._vector = vector
        self.shape = shape
        self.factor = factor

    @classmethod
    def encrypt(cls, values: NDArray[Any], context: Any) -> EncryptedLayer:
        """Encrypt an array with a site's key."""
        import tenseal

        return cls(tenseal.ckks_vector(context, np.asarray(values, np.float64).ravel().tolist()), tuple(values.shape))

    def decrypt(self, secret_key: Any) -> NDArray[np.float32]:
        """The values, in single precision. CKKS is exact to about seven digits here."""
        values = np.asarray(self._vector.decrypt(secret_key), np.float64)[: int(np.prod(self.shape, dtype=int))]
        return (values.reshape(self.shape) * self.factor).astype(np.float32)

    def __mul__(self, number: float) -> EncryptedLayer:
        return EncryptedLayer(self._vector, self.shape, self.factor * float(number))

    __rmul__ = __mul__

    def __add__(self, other: Any) -> EncryptedLayer:
        if isinstance(other, np.ndarray):
            plain = (np.asarray(other, np.float64) / self.factor).ravel().tolist()
            return EncryptedLayer(self._vector + plain, self.shape, self.factor)
        ratio = other.factor / self.factor
        part = other._vector if ratio == 1.0 else other._vector * ratio
        return EncryptedLayer(self._vector + part, self.shape, self.factor)

    __radd__ = __add__

    def __deepcopy__(self, memo: Any) -> EncryptedLayer:
        """Itself: nothing changes it, and TenSEAL's vectors cannot be copied. NVFlare copies a task for each site."""
        return self

    def astype(self, kind: Any) -> EncryptedLayer:
        """Itself: there is nothing to convert."""
        return self

    def to_bytes(self) -> bytes:
        """For the wire and for files."""
        head = json.dumps({"shape": self.shape, "factor": self.factor}).encode()
        return MARK + head + b"\n" + bytes(self._vector.serialize())

    @classmethod
    def from_bytes(cls, content: bytes, context: Any) -> EncryptedLayer:
        """What :meth:`to_bytes` wrote.

        Args:
            content: the bytes.
            context: TenSEAL's, with or without the secret key.

        Raises:
            ValueError: it is no encrypted layer.
        """
        import tenseal

        if not content.startswith(MARK):
            raise ValueError("not an encrypted layer")
        head, _, vector = content.removeprefix(MARK).partition(b"\n")
        told = json.loads(head)
        return cls(tenseal.ckks_vector_from(context, vector), tuple(told["shape"]), float(told["factor"]))


def is_packed(value: Any) -> bool:
    """Whether this is an encrypted layer as bytes."""
    return isinstance(value, (bytes, bytearray)) and bytes(value[: len(MARK)]) == MARK


def is_encrypted(value: Any) -> bool:
    """Whether this is an encrypted layer, as bytes or not."""
    return isinstance(value, EncryptedLayer) or is_packed(value)


def as_stored(value: Any) -> Any:
    """An encrypted layer as an array of bytes, for files of weights; anything else as it is."""
    content = value.to_bytes() if isinstance(value, EncryptedLayer) else value
    return np.frombuffer(content, np.uint8).copy() if is_packed(content) else value
