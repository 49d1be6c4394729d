"""
``python -m benchmarks.fleet``: what ten thousand minions cost their master and its operators.

``warm`` and ``cli`` run a master and a minion; the others need no daemon: they are the worker, the
command line and the client alone. Milliseconds everywhere.
"""

import argparse
import io
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any
from unittest import TestCase

os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

import psutil

from benchmarks.houses import House
from tests.interop.processes import run as scratch
from tests.interop.processes import wait_until
from tests.master.place import Place, key_pair
from txsalt.cli.report import Report, Style
from txsalt.client import LocalClient
from txsalt.client.steps import Ended, Published, Returned
from txsalt.jobs.gather import Gather
from txsalt.master.worker.answerer import answer
from txsalt.master.worker.bench import Bench
from txsalt.master.worker.commands.publishing import expand_target
from txsalt.master.worker.commands.targets import preview
from txsalt.protocol.admission import KeyState
from txsalt.wire import envelope, event

_WORKERS = 3  # so that another program's turn does not count as ours
CLI = str(Path(sys.executable).parent / "txsalt-cli")
TARGETS: tuple[tuple[str, str | list[str], str], ...] = (
    ("glob, all", "*", "glob"),
    ("glob, a tenth", "minion-0*", "glob"),
    ("pcre", r"minion-\d+[05]", "pcre"),
    ("list of all", [], "list"),
    ("grain", "os:OS3", "grain"),
    ("grain, nested", "systemd:version:*", "grain"),
    ("grain, not there", "role:web", "grain"),
    ("grain, own of each", "id:minion-00*", "grain"),
    ("grain, large", "cpu_flags:avx*", "grain"),
    ("grain_pcre", "os:OS[1-3]", "grain_pcre"),
    ("ipcidr", "10.0.1.0/24", "ipcidr"),
    ("pillar", "role:web", "pillar"),
    ("compound, ids", "minion-0* or minion-1*", "compound"),
    ("compound, grains", "G@os:OS3 and not minion-00*", "compound"),
    ("compound, all kinds", "G@os:OS3 and I@role:web and not S@10.0.1.0/24", "compound"),
)


class Fleet:
    """Many minions in the stores of a master that does not run."""

    def __init__(self, case: TestCase, size: int) -> None:
        self.place = Place(case)
        self.ids = [f"minion-{number:05}" for number in range(size)]
        pem = key_pair("minion").public.pem
        folder = f"{self.place.config.pki_dir}/{KeyState.ACCEPTED.value}"
        for minion_id in self.ids:
            Path(folder, minion_id).write_text(pem)
        # Else the folder is read each time, as another change could hide in the same tick.
        os.utime(folder, (1_000_000_000, 1_000_000_000))
        self._save_facts()

    def _save_facts(self) -> None:
        argv = [sys.executable, "-m", "txsalt.minion.grains"]
        said = subprocess.run(argv, check=True, capture_output=True).stdout
        grains = json.loads(said)
        save, pillar = self.place.bench.facts.save, {"role": "web", "users": {"joe": 1000}}
        for number, minion_id in enumerate(self.ids):
            own = {
                "id": minion_id,
                "os": f"OS{number % 10}",
                "ipv4": ["127.0.0.1", f"10.0.{number // 250}.{number % 250}"],
            }
            save(minion_id, {**grains, **own}, pillar, 1.0)


def main(arguments: list[str]) -> int:
    """Print the figures that are asked for."""
    parser = argparse.ArgumentParser(prog="benchmarks.fleet", description=__doc__)
    parser.add_argument("what", nargs="*", choices=[[], *PARTS], help="default: all of them")
    parser.add_argument("--size", type=int, default=10_000, help="minions")
    parser.add_argument("--calls", type=int, default=200, help="warm calls, and starts / 10")
    options = parser.parse_args(arguments)
    for name in options.what or PARTS:
        case = TestCase()
        try:
            PARTS[name](case, options)
        finally:
            case.doCleanups()
    return 0


def targets(case: TestCase, options: argparse.Namespace) -> None:
    """
    Whom a target means, in a worker of its own for each row; its growth in memory, too.

    A worker is one thread, so its processor time is what nobody else on the machine lengthens.
    """
    fleet = Fleet(case, options.size)
    print(
        f"targets among {options.size}, processor time, best of {_WORKERS} workers:"
        " its first time, then the median of 5, growth"
    )
    for name, tgt, tgt_type in TARGETS:
        _print_look(name, fleet, tgt or fleet.ids, tgt_type, _meant)
    _print_look("--preview-target", fleet, "os:OS3", "grain", _previewed)
    _print_look("--preview-target, all", fleet, "*", "glob", _previewed)


def _print_look(name: str, fleet: Fleet, *how: Any) -> None:
    looks = [_forked(_look, fleet, *how) for _ in range(_WORKERS)]
    first, again, grown, count = (min(each) for each in zip(*looks, strict=True))
    print(f"  {name:22}{first:9.1f}{again:9.1f} ms{grown:8.1f} MiB{count:8} meant")


def _meant(bench: Bench, tgt: Any, tgt_type: str) -> int:
    return len(expand_target(bench, tgt, tgt_type).minions)


def _previewed(bench: Bench, tgt: Any, tgt_type: str) -> int:
    return len(preview(bench, {"tgt": tgt, "tgt_type": tgt_type})["minions"])


def _look(
    fleet: Fleet, tgt: Any, tgt_type: str, find: Callable[[Bench, Any, str], int]
) -> tuple[float, float, float, int]:
    bench, before = fleet.place.new_worker(), _own_memory()

    def look() -> int:
        return find(bench, tgt, tgt_type)

    first, count = _timed(look, clock=time.process_time)
    again = statistics.median(_timed(look, clock=time.process_time)[0] for _ in range(5))
    return first, again, _own_memory() - before, count


def facts(case: TestCase, options: argparse.Namespace) -> None:
    """What a worker spends on the grains and the pillar that come with ``_pillar``."""
    fleet = Fleet(case, options.size)
    store, known = fleet.place.bench.facts, fleet.ids[:: max(1, options.size // 1000)]
    whole = store.one(fleet.ids[0])
    assert whole is not None
    for name, ids, grains in (
        ("of a new minion", [f"new-{each}" for each in known], whole.grains),
        ("the same again", [f"new-{each}" for each in known], whole.grains),
        ("one grain is new", [f"new-{each}" for each in known], whole.grains | {"pid": 1}),
    ):
        begun = time.process_time()
        for minion_id in ids:
            store.save(minion_id, grains, whole.pillar, 1.0)
        each_ms = (time.process_time() - begun) * 1000 / len(ids)
        print(f"  facts, {name:18}{each_ms:9.3f} ms of processor time each")
    path = Path(fleet.place.store_path)
    size = sum(each.stat().st_size for each in path.parent.glob(f"{path.name}*"))
    print(f"  the store of {options.size + len(known)} minions' facts: {size / 2**20:.0f} MiB")


def publish(case: TestCase, options: argparse.Namespace) -> None:
    """One job to everybody: the worker's whole answer, and what the client then reads."""
    fleet = Fleet(case, options.size)
    print(f"a publish to {options.size}, median of 20")
    place = fleet.place
    for name, words in (("glob", "*"), ("list", fleet.ids), ("grain", "kernel:*")):
        load: dict[str, Any] = {
            "cmd": "publish",
            "key": place.root_key,
            "user": "root",
            "fun": "test.ping",
        }
        load |= {"tgt": words, "tgt_type": name, "arg": [], "ret": "", "jid": ""}
        request = envelope.write_clear_request(load)
        answer(place.bench, request)
        reply, took = b"", []
        for _ in range(20):
            milliseconds, reply = _timed(answer, place.bench, request)
            took.append(milliseconds)
        read = statistics.median(_timed(envelope.read_reply, reply)[0] for _ in range(20))
        frame = max(place.event_frames[-2:], key=len)  # salt/job/JID/new
        heard = statistics.median(_timed(event.read_event, frame)[0] for _ in range(20))
        print(
            f"  {name:8}worker {statistics.median(took):6.1f} ms, reply {len(reply)} bytes read in"
            f" {read:.1f} ms, event {len(frame)} bytes read in {heard:.1f} ms"
        )


def keys(case: TestCase, options: argparse.Namespace) -> None:
    """``txsalt-cli key list``, wall time."""
    fleet = Fleet(case, options.size)
    folder, config = fleet.place.folder, fleet.place.config
    Path(folder, "master").write_text(
        f"pki_dir: {config.pki_dir}\ncachedir: {config.cachedir}\nsock_dir: {config.sock_dir}\n"
    )
    for words in (("list",), ("list", "--long"), ("list", "minion-000*")):
        took = _starts(["--config-dir", folder, "key", *words], 5)
        print(f"  key {' '.join(words):20}{_spread(took)}")


def output(case: TestCase, options: argparse.Namespace) -> None:
    """Take in and print so many returns; and one of 10 MB."""
    ids = [f"minion-{number:05}" for number in range(options.size)]
    long = "x" * 79 + "\n"
    returns = {each: {"jid": "1", "return": {"text": long, "n": [1, 2]}} for each in ids}
    for how in ("nested", "txt", "json", "yaml", "raw", "jsonl", "json-v1", "table"):
        took, _ = _timed(_printed, returns, how)
        print(f"  {options.size} returns as {how:10}{took:9.1f} ms")
    for what, value in (("text", long * 125_000), ("list", [long] * 125_000)):
        for how in ("nested", "txt", "json", "yaml", "raw"):
            one = {"web1": {"jid": "1", "return": value}}
            took, _ = _timed(_printed, one, how)
            print(f"  10 MB of {what} as {how:10}{took:9.1f} ms")


def _printed(returns: dict[str, dict[str, Any]], how: str) -> None:
    report = Report(Style(how=how), out=io.StringIO())
    gather = Gather("1", tuple(returns), 5.0, 5.0, 0.0)
    report.published(Published(jid="1", minions=list(returns), missing=[]))
    for minion, load in returns.items():
        gather.due(1.0)
        gather.returned(minion, load, 1.0)
        report.returned(Returned(minion=minion, load=load))
    report.ended(Ended({}).missing)


def warm(case: TestCase, options: argparse.Namespace) -> None:
    """``LocalClient.cmd`` in a program that keeps its client, one minion."""
    with _one_minion() as config_dir, closing(LocalClient(config_dir)) as local:
        for _ in range(20):
            local.cmd("m1", "test.ping")
        took = []
        for _ in range(options.calls):
            milliseconds, found = _timed(local.cmd, "m1", "test.ping")
            assert found == {"m1": True}, found
            took.append(milliseconds)
        print(f"  a warm call         {_spread(took)}")
        took = [_timed(local.run_job, "m1", "test.ping")[0] for _ in range(options.calls)]
        print(f"  of it, the publish  {_spread(took)}")


def command_line(case: TestCase, options: argparse.Namespace) -> None:
    """``txsalt-cli ID test.ping``, wall time, and what of it is the start alone."""
    with _one_minion() as config_dir:
        words = ["--config-dir", config_dir]
        took = _starts([*words, "m1", "test.ping"], max(10, options.calls // 10))
        print(f"  m1 test.ping        {_spread(took)}")
        took = _starts([*words, "--help"], max(10, options.calls // 10))
        print(f"  --help              {_spread(took)}")
    took = [_timed(subprocess.check_call, [sys.executable, "-c", ""])[0] for _ in range(10)]
    print(f"  python -c ''        {_spread(took)}")


class _one_minion:
    """A master with one accepted minion that answers."""

    def __enter__(self) -> str:
        self._house = House("txsalt").__enter__()
        master = self._house.master
        self._minion = self._house.minion("m1")
        self._minion.start()
        master.wait_key("m1", "pre", self._minion)
        master.change_key("accept", "m1", "accepted")
        wait_until(self._answers, 60, "the minion answers")
        return str(master.config_dir)

    def _answers(self) -> bool:
        return self._house.cli("m1", "test.ping", options=("-t", "1"))[1].returncode == 0

    def __exit__(self, *_: object) -> None:
        with suppress(Exception):
            self._minion.kill()
            self._minion.remove()
        self._house.__exit__()


def _starts(words: list[str], times: int) -> list[float]:
    took = []
    for _ in range(times):
        begun = time.perf_counter()
        subprocess.run(
            [CLI, *words], stdout=subprocess.DEVNULL, check=True, env=scratch().environment
        )
        took.append((time.perf_counter() - begun) * 1000)
    return took


def _forked(work: Callable[..., Any], *arguments: Any) -> Any:
    """Return what ``work`` gives in a child, which begins as small as this process is now."""
    read, write = os.pipe()
    pid = os.fork()
    if not pid:
        os.write(write, json.dumps(work(*arguments)).encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        said = pipe.read()
    os.waitpid(pid, 0)
    return json.loads(said)


def _timed(
    work: Callable[..., Any], *arguments: Any, clock: Callable[[], float] = time.perf_counter
) -> tuple[float, Any]:
    begun = clock()
    found = work(*arguments)
    return (clock() - begun) * 1000, found


def _own_memory() -> float:
    return float(psutil.Process().memory_full_info().uss) / 2**20


def _spread(took: list[float]) -> str:
    took = sorted(took)
    tenth = len(took) // 10
    return (
        f"{took[0]:8.1f} least {statistics.median(took):8.1f} median"
        f" {took[-1 - tenth]:8.1f} nine of ten"
    )


PARTS: dict[str, Callable[[TestCase, argparse.Namespace], None]] = {
    "targets": targets,
    "facts": facts,
    "publish": publish,
    "keys": keys,
    "output": output,
    "warm": warm,
    "cli": command_line,
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
