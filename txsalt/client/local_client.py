"""
Run commands on minions from Python, with the verbs and the results of Salt's LocalClient.

    from txsalt.client import LocalClient

    with LocalClient("/etc/txsalt") as local:
        local.cmd("web*", "test.ping")         # {"web1": True, "web2": True}

A client keeps its connections, so the second call is faster than the first; it is for one thread.
docs/api.md describes every verb. Errors are those of ``txsalt.errors``: MasterUnreachable,
KeyFileError, RequestRefused; a target that means nobody is no error, but an empty result.

Source: Salt 3008.3, client/__init__.py: names, arguments and shapes of results.
"""

import random
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING, Any, Self  # arguments and results are any msgpack value

from txsalt.client import batch_view, batches, follow, records
from txsalt.client.calls import (
    Function,
    Target,
    check_following,
    make_job,
    own_proof,
    proof_of,
    target,
)
from txsalt.client.places import DEFAULT_CONFIG_DIR
from txsalt.client.session import Session
from txsalt.client.steps import (
    UNKNOWN_ID,
    Ended,
    Job,
    NobodyMatches,
    Published,
    Returned,
    Step,
    Waiting,
)
from txsalt.light import evolve

if TYPE_CHECKING:
    from txsalt.client.credentials import Proof
    from txsalt.config.master import MasterConfig

_NO_BLOCK_TICK = 0.01

Returns = dict[str, Any]


class LocalClient:
    """
    A client of the master whose configuration is in ``config_dir``.

    Arguments that the verbs share: ``tgt`` and ``tgt_type`` say who; ``fun`` is one function, or a
    list of them with ``arg`` a list of lists; ``kwarg`` are its keywords; ``timeout`` is seconds of
    silence before minions are asked whether they still work; ``ret`` is a returner. More keywords:
    ``deadline`` (seconds after which nobody waits), ``delimiter``, ``metadata``; ``token``, or
    ``eauth``, ``username`` and ``password``, for a call in the name of somebody else than who runs
    this process. A keyword that no verb knows raises TypeError, as does a target or a time that is
    none; an unknown ``tgt_type`` raises ValueError.
    """

    def __init__(
        self,
        config_dir: str = DEFAULT_CONFIG_DIR,
        config: "MasterConfig | None" = None,
        **login: str,
    ) -> None:
        """
        ``login``: ``token``, or ``eauth``, ``username``, ``password``, for all calls.

        Raises ConfigError if the master's configuration cannot be used, TypeError for a login
        that is incomplete, or any other keyword.
        """
        self.session = Session(config_dir, config, own_proof(login))
        self.config = self.session.config

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give up the connections."""
        self.session.close()

    destroy = close

    def cmd(
        self,
        tgt: Target,
        fun: Function,
        arg: Sequence[Any] = (),
        timeout: float | None = None,
        tgt_type: str = "glob",
        ret: str = "",
        jid: str = "",
        full_return: bool = False,
        kwarg: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> Returns:
        """Run and wait: {id: return}; False for who did not return. ``full_return``: as below."""
        job = make_job(tgt, fun, arg, timeout, tgt_type, ret, kwarg, **kwargs)
        found: Returns = {}
        for step in self._steps(job, jid, kwargs):
            match step:
                case Returned():
                    full = _full(step)
                    found[step.minion] = full if full_return else full["ret"]
                case Ended(missing):
                    found |= dict.fromkeys(missing, False)
        return found

    def cmd_full_return(self, tgt: Target, fun: Function, *args: Any, **kwargs: Any) -> Returns:
        """Run and wait: {id: {"ret", "retcode", "jid", "out"?}} of those who returned."""
        return {
            minion: full
            for each in self.cmd_iter(tgt, fun, *args, **kwargs)
            for minion, full in each.items()
        }

    def cmd_iter(
        self,
        tgt: Target,
        fun: Function,
        arg: Sequence[Any] = (),
        timeout: float | None = None,
        tgt_type: str = "glob",
        ret: str = "",
        kwarg: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> Iterator[Returns]:
        """Run and yield {id: {"ret", "retcode", "jid", "out"?}} as each minion returns."""
        jid = _jid(kwargs)
        job = make_job(tgt, fun, arg, timeout, tgt_type, ret, kwarg, **kwargs)
        return _returned(self._steps(job, jid, kwargs))

    def cmd_cli(self, *args: Any, **kwargs: Any) -> Iterator[Returns]:
        """As ``cmd_iter``, and an entry with "failed": True for each minion without a return."""
        jid = _jid(kwargs)
        with closing(self._steps(make_job(*args, **kwargs), jid, kwargs)) as steps:
            for step in steps:
                match step:
                    case Returned():
                        yield {step.minion: _full(step)}
                    case Ended(missing):
                        for minion, reason in missing.items():
                            yield {minion: {"ret": str(reason), "retcode": 1, "failed": True}}

    def cmd_iter_no_block(self, *args: Any, **kwargs: Any) -> Iterator[Returns | None]:
        """As ``cmd_iter``, but yield None whenever there is nothing new for a moment."""
        jid = _jid(kwargs)
        job = make_job(*args, **kwargs)
        with closing(self._steps(job, jid, kwargs, tick=_NO_BLOCK_TICK)) as steps:
            for step in steps:
                match step:
                    case Returned():
                        yield {step.minion: _full(step)}
                    case Waiting():
                        yield None

    def cmd_async(
        self,
        tgt: Target,
        fun: Function,
        arg: Sequence[Any] = (),
        tgt_type: str = "glob",
        ret: str = "",
        jid: str = "",
        kwarg: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> str | int:
        """Publish and do not wait; return the jid, 0 if the target means nobody."""
        published = self.run_job(tgt, fun, arg, tgt_type, ret, jid=jid, kwarg=kwarg, **kwargs)
        return published.get("jid", 0)

    def run_job(
        self,
        tgt: Target,
        fun: Function,
        arg: Sequence[Any] = (),
        tgt_type: str = "glob",
        ret: str = "",
        timeout: float | None = None,
        jid: str = "",
        kwarg: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> dict[str, Any]:
        """Publish and do not wait: {"jid", "minions"}, {} if the target means nobody."""
        job = make_job(tgt, fun, arg, timeout, tgt_type, ret, kwarg, **kwargs)
        with self._as(kwargs) as session:
            try:
                published = session.publish(job, jid)
            except NobodyMatches:
                return {}
        return {"jid": published.jid, "minions": published.minions}

    pub = run_job

    def cmd_subset(
        self,
        tgt: Target,
        fun: Function,
        arg: Sequence[Any] = (),
        tgt_type: str = "glob",
        ret: str = "",
        kwarg: dict[str, Any] | None = None,
        subset: int = 3,
        cli: bool = False,
        seed: int | None = None,
        **kwargs: Any,
    ) -> Any:
        """Run on ``subset`` minions picked by chance; as ``cmd``, with ``cli`` as ``cmd_cli``."""
        count = kwargs.pop("sub", subset)  # Salt's older name
        delimiter = str(kwargs.pop("delimiter", None) or ":")
        with self._as(kwargs) as session:
            meant = records.preview(session, target(tgt, tgt_type), tgt_type, delimiter)["minions"]
        picked = self.pick(list(meant), count, seed)
        if not picked:
            return iter(()) if cli else {}
        verb = self.cmd_cli if cli else self.cmd
        return verb(picked, fun, arg, tgt_type="list", ret=ret, kwarg=kwarg, **kwargs)

    def cmd_batch(
        self,
        tgt: Target,
        fun: Function,
        arg: Sequence[Any] = (),
        tgt_type: str = "glob",
        ret: str = "",
        kwarg: dict[str, Any] | None = None,
        batch: str | int = "10%",
        **kwargs: Any,
    ) -> Iterator[Returns]:
        """
        Run on ``batch`` ("10%" or a number) at once, the others in turn; yield {id: return}.

        ``batch_wait`` seconds pass before somebody else's turn; ``failhard`` starts nobody any
        more after a failure; ``raw`` yields full returns. The master carries the batch on, even
        if nobody waits for it any more. Raises BadBatch for what is no size.
        """
        wait, failhard, raw = (kwargs.pop(name, 0) for name in ("batch_wait", "failhard", "raw"))
        timeout = kwargs.pop("timeout", None)
        job = make_job(tgt, fun, arg, timeout, tgt_type, ret, kwarg, **kwargs)
        plan = batches.plan(batch, float(wait), bool(failhard), job.timeout, self.config)
        planned = evolve(job, extra={**job.extra, "batch": plan})
        with (
            self._as(kwargs) as session,
            closing(_returned(_unless_nobody(batch_view.run(session, planned)))) as found,
        ):
            for each in found:
                yield each if raw else {id: full["ret"] for id, full in each.items()}

    def gather_minions(self, tgt: Target, expr_form: str = "glob") -> list[str]:
        """Return whom the master expects for a target, without asking any minion."""
        return list(records.preview(self.session, target(tgt, expr_form), expr_form)["minions"])

    @staticmethod
    def pick(minions: list[str], count: int, seed: int | None = None) -> list[str]:
        """Return ``count`` of the minions; the same ones for the same ``seed``."""
        # Not for secrets: a seed is meant to be known.
        chance = random.Random(seed)  # noqa: S311
        return sorted(chance.sample(sorted(minions), min(count, len(minions))))

    def get_cache_returns(self, jid: str) -> Returns:
        """Return what is stored of a job now: {id: {"ret", "out"?}}."""
        return {
            minion: _short({"ret": load.get("return")}, load)
            for minion, load in records.returns(self.session, jid)
        }

    def get_returns(
        self, jid: str, minions: Sequence[str], timeout: float | None = None
    ) -> Returns:
        """Wait at most ``timeout`` seconds for these minions: {id: return}."""
        found = self.get_event_iter_returns(jid, minions, timeout)
        return {minion: full["ret"] for each in found for minion, full in each.items()}

    def get_full_returns(
        self, jid: str, minions: Sequence[str], timeout: float | None = None
    ) -> Returns:
        """As ``get_returns``: {id: {"ret", "out"?}}."""
        found = self.get_event_iter_returns(jid, minions, timeout)
        return {minion: full for each in found for minion, full in each.items()}

    def get_iter_returns(
        self, jid: str, minions: Sequence[str], timeout: float | None = None, **kwargs: Any
    ) -> Iterator[Returns]:
        """Follow a job as ``cmd_iter`` does; what has been returned already comes first."""
        check_following(kwargs)
        with self._as(kwargs) as session:
            yield from _returned(
                follow.attach(session, jid, timeout=timeout, minions=list(minions))
            )

    def get_event_iter_returns(
        self, jid: str, minions: Sequence[str], timeout: float | None = None
    ) -> Iterator[Returns]:
        """Yield {id: {"ret", "out"?}} for ``timeout`` seconds at most, or until all have come."""
        seconds = self.config.timeout if timeout is None else timeout
        steps = follow.attach(
            # Nobody is asked: the deadline comes first.
            self.session, jid, timeout=seconds + 1, deadline=seconds, minions=list(minions)
        )  # fmt: skip
        with closing(steps):
            for step in steps:
                if isinstance(step, Returned):
                    yield {step.minion: _short({"ret": step.load.get("return")}, step.load)}

    def _steps(
        self, job: Job, jid: str, login: dict[str, Any], tick: float | None = None
    ) -> Generator[Step]:
        # Whoever leaves early leaves the job's connections before its session ends.
        with (
            self._as(login) as session,
            closing(follow.run(session, job, jid=jid, tick=tick)) as steps,
        ):
            try:
                first = next(steps)
            except NobodyMatches:
                return
            # Who is listed and unknown did not return either.
            unknown = list(first.missing) if isinstance(first, Published) else []
            yield first
            for step in steps:
                if isinstance(step, Ended) and unknown:
                    yield Ended({**dict.fromkeys(unknown, UNKNOWN_ID), **step.missing})
                else:
                    yield step

    @contextmanager
    def _as(self, keywords: dict[str, Any]) -> Iterator[Session]:
        """Give a session of who the keywords say; it ends with the call, unless it is our own."""
        proof: Proof | None = proof_of(keywords)
        if proof is None:
            yield self.session
            return
        session = Session(config=self.config, proof=proof)
        try:
            yield session
        finally:
            session.close()


def _jid(keywords: dict[str, Any]) -> str:
    return str(keywords.pop("jid", None) or "")


def _unless_nobody(steps: Iterator[Step]) -> Generator[Step]:
    with suppress(NobodyMatches):
        yield from steps


def _returned(steps: Generator[Step]) -> Generator[Returns]:
    with closing(steps):
        for step in steps:
            if isinstance(step, Returned):
                yield {step.minion: _full(step)}


def _full(step: Returned) -> dict[str, Any]:
    load = step.load
    full = {"ret": load.get("return"), "retcode": load.get("retcode", 0), "jid": load.get("jid")}
    return _short(full, load)


def _short(found: dict[str, Any], load: dict[str, Any]) -> dict[str, Any]:
    if load.get("out"):
        found["out"] = load["out"]
    return found
