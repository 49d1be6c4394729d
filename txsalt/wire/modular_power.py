"""
base ^ exponent mod modulus for public numbers, by the OpenSSL that Python's hashlib stands on.

``pow`` takes 200 us for the token of a 2048-bit key, OpenSSL 50. A master does it once for every
minion and session. No library at hand offers it: each wants a padding of its own. What is secret
has no place here, as the time tells the numbers.

Source: OpenSSL's BN_mod_exp(3), the same in all its versions since 0.9.
"""

import ctypes
from collections.abc import Callable
from functools import cache
from typing import Any  # pointers and numbers of C

Power = Callable[[int, int, int], int]


def power(base: int, exponent: int, modulus: int) -> int:
    """Return what ``pow`` does; no number is negative, and ``modulus`` is above 0."""
    return _best()(base, exponent, modulus)


@cache
def _best() -> Power:
    try:
        import _hashlib

        return _Library(ctypes.CDLL(_hashlib.__file__)).power
    except (ImportError, OSError, AttributeError):  # there is none, or its names are hidden
        return pow


class _Library:
    """The functions for large numbers in a loaded OpenSSL."""

    def __init__(self, library: ctypes.CDLL) -> None:
        """Raises AttributeError if they are not in it."""
        pointer, text, size = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int

        def find(name: str, result: Any, *arguments: type) -> Callable[..., Any]:
            function = library[name]
            function.restype, function.argtypes = result, arguments
            return function

        self._new = find("BN_new", pointer)
        self._free = find("BN_free", None, pointer)
        self._new_context = find("BN_CTX_new", pointer)
        self._free_context = find("BN_CTX_free", None, pointer)
        self._read = find("BN_bin2bn", pointer, text, size, pointer)
        self._write = find("BN_bn2bin", size, pointer, text)
        self._power = find("BN_mod_exp", size, *[pointer] * 5)

    def power(self, base: int, exponent: int, modulus: int) -> int:
        """Return base ^ exponent mod modulus; raises MemoryError."""
        context, result = self._new_context(), self._new()
        numbers = [self._number(each) for each in (base, exponent, modulus)]
        try:
            if not all((context, result, *numbers, self._power(result, *numbers, context))):
                raise MemoryError("OpenSSL could not take a power")
            written = ctypes.create_string_buffer((modulus.bit_length() + 7) // 8)
            length = self._write(result, written)
            return int.from_bytes(written.raw[:length], "big")
        finally:
            for each in (result, *numbers):
                self._free(each)
            self._free_context(context)

    def _number(self, value: int) -> Any:
        packed = value.to_bytes((value.bit_length() + 7) // 8, "big")
        return self._read(packed, len(packed), None)
