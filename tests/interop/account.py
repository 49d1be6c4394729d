"""
Whom the masters of the tests run as, and from where: none need be root, so here none is.

Where root runs the tests, masters become ``nobody``, by the option ``user``. That account may be
kept out of the folder that the tests lie in (below /root, say); it gets a copy in /tmp then.
"""

import getpass
import os
import pwd
import shutil
import subprocess
import sysconfig
from functools import cache
from pathlib import Path

from attrs import frozen

from tests.interop import processes

ACCOUNT = "nobody"
# Large, and no daemon needs it.
_LEFT_OUT = shutil.ignore_patterns("__pycache__", "mypy", "mypyc", "ruff*", "pip")
_IS_CACHE = shutil.ignore_patterns("__pycache__")
_PROGRAM = "import cryptography, twisted.plugins.txsalt_plugins, txsalt.tap.master, txzmq"


@frozen
class House:
    """Where the programs of a master are: the folder of twistd, and the one of the package."""

    scripts: Path
    checkout: Path

    @property
    def python(self) -> str:
        """The interpreter."""
        return str(self.scripts / "python")


def master_user() -> str:
    """The account of the masters."""
    return ACCOUNT if os.geteuid() == 0 and _reached() is not None else getpass.getuser()


def house() -> House:
    """What the masters run."""
    return _reached() or _own()


def give(path: Path) -> None:
    """Let the masters' account have a file that a test has made."""
    if os.geteuid() == 0:
        shutil.chown(path, master_user())


@cache
def _reached() -> House | None:
    """What the account can run; None if it is kept out of the very interpreter."""
    own = _own()
    if os.geteuid() != 0 or _runs(own):
        return own
    copy = _copied(own)
    if _runs(copy):
        return copy
    print(f"{ACCOUNT} may not run {os.path.realpath(own.python)}: masters run as root", flush=True)
    return None


def _own() -> House:
    return House(Path(sysconfig.get_path("scripts")), processes.CHECKOUT)


def _runs(house: House) -> bool:
    try:
        done = subprocess.run(
            [house.python, "-c", _PROGRAM],
            user=ACCOUNT,
            group=pwd.getpwnam(ACCOUNT).pw_gid,
            extra_groups=[],
            cwd="/",
            env={"PATH": os.defpath, "PYTHONPATH": str(house.checkout)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
    except OSError:
        return False
    return done.returncode == 0


def _copied(own: House) -> House:
    folder = processes.run().folder / "house"
    prefix, env, checkout = own.scripts.parent, folder / "env", folder / "src"
    folder.mkdir(mode=0o755)
    env.mkdir()
    for name in (own.scripts.name, "lib"):
        shutil.copytree(prefix / name, env / name, symlinks=True, ignore=_LEFT_OUT)
    if (prefix / "pyvenv.cfg").exists():
        shutil.copy(prefix / "pyvenv.cfg", env)
    for name in ("txsalt", "twisted"):
        shutil.copytree(own.checkout / name, checkout / name, ignore=_IS_CACHE)
    return House(env / own.scripts.name, checkout)
