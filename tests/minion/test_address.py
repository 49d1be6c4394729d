"""Tests of the master's names and addresses."""

from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from txsalt.errors import ConfigError, MasterUnreachable
from txsalt.minion.daemon.address import MasterName, Resolver, endpoint, parse_masters


class ParseTests(SynchronousTestCase):
    def test_forms(self) -> None:
        """
        A master is a name or an address, with or without a port.
        """
        forms = {
            "salt": MasterName("salt", 4506),
            "salt:5506": MasterName("salt", 5506),
            "10.0.0.1": MasterName("10.0.0.1", 4506),
            "::1": MasterName("::1", 4506),
            "[::1]:5506": MasterName("::1", 5506),
            "[fe80::1]": MasterName("fe80::1", 4506),
        }
        self.assertEqual(parse_masters(list(forms), 4506), list(forms.values()))
        self.assertEqual(parse_masters("salt", 4506), [MasterName("salt", 4506)])

    def test_bad_port(self) -> None:
        """
        A port that is none is a problem of the configuration.
        """
        for text in ("salt:ssh", "salt:0", "salt:65536", "[::1]:x"):
            self.assertRaises(ConfigError, parse_masters, text, 4506)

    def test_endpoint(self) -> None:
        """
        Addresses of the new kind stand in brackets.
        """
        self.assertEqual(endpoint("10.0.0.1", 1), "tcp://10.0.0.1:1")
        self.assertEqual(endpoint("::1", 1), "tcp://[::1]:1")


class ResolverTests(SynchronousTestCase):
    def resolve(self, host: str, found: Deferred[list[str]], ipv6: bool | None = None) -> Deferred:
        self.clock = Clock()
        resolver = Resolver(self.clock, lambda _: found, ipv6)
        return Deferred.fromCoroutine(resolver.resolve(host))

    def test_address(self) -> None:
        """
        An address needs no asking.
        """
        never: Deferred[list[str]] = Deferred()
        for address in ("10.0.0.1", "::1", "fe80::1%eth0"):
            self.assertEqual(self.successResultOf(self.resolve(address, never)), address)

    def test_kinds(self) -> None:
        """
        The old kind of address is preferred, unless the configuration wants the new one.
        """
        both = ["::1", "127.0.0.1"]
        self.assertEqual(self.successResultOf(self.resolve("h", succeed(both))), "127.0.0.1")
        self.assertEqual(self.successResultOf(self.resolve("h", succeed(both), True)), "::1")
        only = self.resolve("h", succeed(["::1"]), False)
        self.failureResultOf(only, MasterUnreachable)

    def test_name_server_that_does_not_answer(self) -> None:
        """
        A name server that says nothing is given up after half a minute.
        """
        found = self.resolve("h", Deferred())
        self.clock.advance(30)
        self.failureResultOf(found, MasterUnreachable)
