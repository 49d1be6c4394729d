"""
Run the master's functions from Python, with the verb of Salt's RunnerClient.

    from txsalt.client import RunnerClient

    with RunnerClient("/etc/txsalt") as runner:
        runner.cmd("manage.up")                # ["web1", "web2"]

Names, arguments and results are those of ``txsalt-cli run``. A client is for one thread.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self  # arguments and results are any msgpack value

from txsalt.client.calls import own_proof
from txsalt.client.places import DEFAULT_CONFIG_DIR
from txsalt.client.session import Session
from txsalt.jobs.arguments import sort_arguments

if TYPE_CHECKING:
    from txsalt.config.master import MasterConfig


class RunnerClient:
    """A client of the master whose configuration is in ``config_dir``."""

    def __init__(
        self,
        config_dir: str = DEFAULT_CONFIG_DIR,
        config: "MasterConfig | None" = None,
        **login: str,
    ) -> None:
        """
        ``login``: ``token``, or ``eauth``, ``username``, ``password``, as of LocalClient.

        Raises ConfigError if the master's configuration cannot be used, TypeError for a login
        that is incomplete, or any other keyword.
        """
        self.session = Session(config_dir, config, own_proof(login))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give up the connections."""
        self.session.close()

    def cmd(self, fun: str, arg: Sequence[Any] = (), kwarg: Mapping[str, Any] | None = None) -> Any:
        """
        Run a function and return its result; texts in ``arg`` like "name=value" are keywords.

        Raises RequestRefused with what the function says is wrong, MasterUnreachable, KeyFileError.
        """
        positional, keywords = sort_arguments(arg)
        return self.session.call_runner(fun, positional, {**keywords, **(kwarg or {})})
