"""Addresses as ZeroMQ writes them."""

_ANY = {"0.0.0.0": "127.0.0.1", "::": "::1", "*": "127.0.0.1"}  # noqa: S104 - what masters bind to


def tcp(host: str, port: int) -> str:
    """Return the endpoint of a host (name or address, v4 or v6) and port."""
    return f"tcp://[{host}]:{port}" if ":" in host else f"tcp://{host}:{port}"


def local_tcp(interface: str, port: int) -> str:
    """Return where a master that binds ``interface`` can be reached from its own machine."""
    return tcp(local_host(interface), port)


def local_host(interface: str) -> str:
    """Return the address that a program on a master's own machine connects to."""
    return _ANY.get(interface, interface)
