"""What a zygote under test executes: ``load["fun"]`` names one of these functions."""

import ctypes
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable

from txsalt.minion.jobrunner.context import CallRefused, JobContext


def prepare(context: JobContext) -> int:
    """Say which process was prepared."""
    return os.getpid()


def run(load: dict, context: JobContext, ready: object = None) -> dict:
    """Run one of the functions below."""
    if load["fun"] == "prepared":
        return {"return": ready, "retcode": 0, "success": True}
    value = FUNCTIONS[load["fun"]](context, *load.get("arg", []))
    return {"return": value, "retcode": 0, "success": True}


def echo(context: JobContext, value: object) -> object:
    return value


def facts(context: JobContext) -> list:
    return [context.jid, context.config, context.grains, context.pillar]


def own_group(context: JobContext) -> list:
    return [os.getpid(), os.getpgid(0)]


def sleep(context: JobContext, seconds: float) -> bool:
    time.sleep(seconds)
    return True


def crash(context: JobContext) -> None:
    ctypes.string_at(0)


def leave(context: JobContext, code: int) -> None:
    os._exit(code)


def fail(context: JobContext) -> None:
    raise ZeroDivisionError("on purpose")


def blob(context: JobContext, size: int) -> bytes:
    return bytes(size)


def unsayable(context: JobContext) -> object:
    return object()


def speak(context: JobContext) -> str:
    print("to stdout")
    print("to stderr", file=sys.stderr)
    subprocess.run(["echo", "from a command"], check=True)
    return sys.stdin.read()


def ask(context: JobContext, name: str, arguments: dict) -> object:
    try:
        return context.call(name, arguments)
    except CallRefused as exc:
        return f"refused: {exc}"


def family(context: JobContext, path: str) -> None:
    """Start a descendant that is deaf to TERM, tell its pid, and sleep."""
    child = subprocess.Popen(["sh", "-c", "trap '' TERM; sleep 60 & wait; sleep 60"])
    with open(path + ".new", "w") as file:
        file.write(str(child.pid))
    os.rename(path + ".new", path)
    time.sleep(60)


def daemonize(context: JobContext) -> int:
    """Leave a process behind that holds every descriptor it inherited."""
    pid = os.fork()
    if pid == 0:
        os.setsid()
        time.sleep(30)
        os._exit(0)
    return pid


def fork_and_return(context: JobContext) -> str:
    """Return from both sides of a fork."""
    os.fork()
    return "once"


def leave_thread(context: JobContext) -> str:
    threading.Thread(target=time.sleep, args=(60,)).start()
    return "done"


def hog(context: JobContext) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (1, 1))
    while True:
        pass


def stubborn(context: JobContext) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(60)


def descriptors(context: JobContext) -> list[str]:
    return sorted(os.readlink(f"/proc/self/fd/{fd}").split(":")[0] for fd in _open_fds())


def _open_fds() -> list[str]:
    return [
        fd
        for fd in os.listdir("/proc/self/fd")
        if os.path.exists(f"/proc/self/fd/{fd}") or os.path.lexists(f"/proc/self/fd/{fd}")
    ]


FUNCTIONS: dict[str, Callable] = {
    function.__name__: function
    for function in (
        echo,
        facts,
        own_group,
        sleep,
        crash,
        leave,
        fail,
        blob,
        unsayable,
        speak,
        ask,
        family,
        daemonize,
        fork_and_return,
        leave_thread,
        hog,
        stubborn,
        descriptors,
    )
}
