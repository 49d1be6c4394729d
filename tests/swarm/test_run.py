"""Tests of how a run finds its master."""

import socket
from typing import Any  # what the system's resolver takes and gives

from twisted.trial.unittest import SynchronousTestCase

from txsalt.swarm import run
from txsalt.swarm.plan import Plan


class AddressTests(SynchronousTestCase):
    """``--host``"""

    def test_name_of_several_addresses(self) -> None:
        """
        Of a name with several addresses the one is taken where the master listens.
        """
        with socket.create_server(("127.0.0.1", 0)) as master:
            port = master.getsockname()[1]
            places = [
                (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))
                for address in ("127.0.0.7", "127.0.0.1")
            ]
            real = socket.getaddrinfo

            def resolve(host: str, *words: Any, **more: Any) -> Any:
                return places if host == "master.example" else real(host, *words, **more)

            self.patch(socket, "getaddrinfo", resolve)
            found = run.address_of(Plan(host="master.example", port=port))
        self.assertEqual(found, ("127.0.0.1", port))
