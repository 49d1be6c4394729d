"""Tests of powers by OpenSSL: they are those of Python."""

import _hashlib
import ctypes
import sys
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txsalt.wire import modular_power
from txsalt.wire.modular_power import power


class PowerTests(SynchronousTestCase):
    @given(
        base=st.integers(0, 2**2100),
        exponent=st.one_of(st.integers(0, 2**64), st.just(65537)),
        modulus=st.integers(1, 2**2048),
    )
    def test_same_as_pow(self, base: int, exponent: int, modulus: int) -> None:
        """
        All numbers give what pow gives: even and odd ones, 0 and 1 among them.
        """
        self.assertEqual(power(base, exponent, modulus), pow(base, exponent, modulus))

    def test_by_openssl(self) -> None:
        """
        Where Python is linked with OpenSSL as usual, that is what takes the power.
        """
        if not hasattr(ctypes.CDLL(_hashlib.__file__), "BN_mod_exp"):
            self.skipTest("needs a Python that is linked with a shared OpenSSL")
        self.assertIsNot(modular_power._best(), pow)

    def test_without_openssl(self) -> None:
        """
        A Python that shows no functions for large numbers takes its own.
        """
        self.addCleanup(modular_power._best.cache_clear)
        for module in (None, sys, ctypes):  # none, one without a file, a file but no library
            modular_power._best.cache_clear()
            with patch.dict(sys.modules, {"_hashlib": module}):
                self.assertIs(modular_power._best(), pow)
                self.assertEqual(power(3, 4, 7), 4)
