"""Files of the master, over a fake daemon that speaks section 9.4 of the protocol."""

import contextlib
import gzip
import hashlib
import os
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace
from typing import Any

from tests.modules.calls import FakeContext, modules_and_shared
from tests.modules.file_case import FileCase
from txsalt.jobs.errors import CommandExecutionError, SaltInvocationError
from txsalt.master.fileserver.roots import Roots
from txsalt.master.worker.commands import files as commands

BIG = bytes(range(256)) * 40


class FakeMaster(FakeContext):
    """Answers file requests; ``part`` bytes at a time."""

    def __init__(self, config: dict[str, Any]) -> None:
        """Serve a few files."""
        super().__init__(config)
        self.meanwhile: list[Callable[[], object]] = []
        self.files = {"big": BIG, "dir/text": b"text\n", "dir/state/init.sls": b"{}", "empty": b""}
        self.part = 1000
        self.served: list[int] = []
        self.fail_at: int | None = None
        self.zip = False
        self.received: dict[str, bytes] = {}

    def call(self, name: str, arguments: dict) -> object:
        """Answer as the master does."""
        load = arguments["load"]
        return getattr(self, load["cmd"])(load)

    def _file_hash(self, load: dict) -> object:
        content = self.files.get(load["path"])
        if content is None or load["saltenv"] != "base":
            return ""
        return {"hash_type": "sha256", "hsum": hashlib.sha256(content).hexdigest()}

    def _file_hash_and_stat(self, load: dict) -> object:
        return [self._file_hash(load), [0o100755] + [0] * 9]

    def _serve_file(self, load: dict) -> object:
        if self.fail_at is not None and load["loc"] >= self.fail_at:
            raise CommandExecutionError("the daemon is gone")
        self.served.append(load["loc"])
        while self.meanwhile:
            self.meanwhile.pop()()
        content = self.files.get(load["path"])
        if content is None:
            return {"data": "", "dest": ""}
        part: Any = content[load["loc"] : load["loc"] + self.part]
        if self.zip and part:
            return {"data": gzip.compress(part), "dest": load["path"], "gzip": 1}
        with contextlib.suppress(UnicodeDecodeError):
            part = part.decode()  # as it comes from the wire
        return {"data": part, "dest": load["path"]}

    def _file_list(self, load: dict) -> object:
        return sorted(name for name in self.files if name.startswith(load["prefix"]))

    def _dir_list(self, load: dict) -> object:
        return [".", "dir", "dir/state"]

    def _file_list_emptydirs(self, load: dict) -> object:
        return ["dir/hollow"]

    def _file_envs(self, load: dict) -> object:
        return ["base"]

    def _file_recv(self, load: dict) -> object:
        name = "/".join(load["path"])
        kept = self.received.get(name, b"")[: load["loc"]]
        self.received[name] = kept + load["data"]
        return "refused" not in load["path"]


class ContractTests(FileCase):
    """The fake master answers as the real one."""

    def test_same_answers(self) -> None:
        """
        Each request of a fetch gets the same answer from both.
        """
        fake = FakeMaster({})
        for name, content in fake.files.items():
            self.made(f"roots/{name}", content, 0o755)
        bench: Any = SimpleNamespace(
            files=Roots({"base": [str(self.here / "roots")]}),
            config=SimpleNamespace(file_buffer_size=fake.part),
            refusals=SimpleNamespace(note=lambda kind, reason: None),
        )
        minion: Any = None  # these answers do not depend on who asks
        for path in (*fake.files, "none"):
            load = {"path": path, "saltenv": "base", "loc": 0}
            self.assertEqual(commands.file_hash(bench, minion, load), fake._file_hash(load))
            for offset in (0, 1000, len(BIG), len(BIG) + 1):
                real = commands.serve_file(bench, minion, {**load, "loc": offset})
                ours: Any = fake._serve_file({**load, "loc": offset})
                self.assertEqual(as_bytes(real), as_bytes(ours))
        load = {"saltenv": "base", "prefix": ""}
        self.assertEqual(commands.file_list(bench, minion, load), fake._file_list(load))


def as_bytes(reply: dict[str, Any]) -> dict[str, Any]:
    """Give a reply with its data as bytes, as text and bytes are the same on the wire."""
    data = reply["data"]
    return {**reply, "data": data.encode() if isinstance(data, str) else data}


class CpCase(FileCase):
    """A minion of the fake master."""

    def setUp(self) -> None:
        """Load the modules with it."""
        super().setUp()
        self.master = FakeMaster({"cachedir": str(self.cachedir), "file_buffer_size": 1000})
        self.functions, self.shared = modules_and_shared(self.master)

    def cp(self, name: str, *args: Any, **kwargs: Any) -> Any:
        """Call cp.name."""
        return self.functions[f"cp.{name}"](*args, **kwargs)

    def content(self, path: object) -> bytes:
        """Read what a function gave the path of."""
        with open(str(path), "rb") as file:
            return file.read()


class FetchTests(CpCase):
    """From the master into the cache."""

    def test_fetched_once(self) -> None:
        """
        A file comes part by part, is kept, and not fetched again while it is the same.
        """
        place = self.cp("cache_file", "salt://big")
        self.assertEqual(place, f"{self.cachedir}/files/base/big")
        self.assertEqual(self.content(place), BIG)
        self.assertEqual(os.stat(place).st_mode & 0o777, 0o600)
        parts = len(self.master.served)
        self.cp("cache_file", "salt://big")
        self.assertEqual(len(self.master.served), parts)
        self.master.files["big"] = b"other"
        self.assertEqual(self.content(self.cp("cache_file", "salt://big")), b"other")

    def test_resumed(self) -> None:
        """
        A fetch that was cut off goes on where it ended.
        """
        self.master.fail_at = 5000
        self.assertRaises(CommandExecutionError, self.cp, "cache_file", "salt://big")
        self.assertEqual(self.cp("is_cached", "salt://big"), "")
        self.master.fail_at, self.master.served = None, []
        self.assertEqual(self.content(self.cp("cache_file", "salt://big")), BIG)
        self.assertEqual(self.master.served[0], 5000)

    def test_damage_is_noticed(self) -> None:
        """
        A part that was damaged on disk is not taken for the file.
        """
        self.master.fail_at = 5000
        self.assertRaises(CommandExecutionError, self.cp, "cache_file", "salt://big")
        part = next((self.cachedir / "partial").iterdir())
        part.write_bytes(b"x" * 5000)
        self.master.fail_at = None
        self.assertEqual(self.content(self.cp("cache_file", "salt://big")), BIG)

    def test_compressed_parts(self) -> None:
        """
        Parts may come compressed.
        """
        self.master.zip = True
        self.assertEqual(self.content(self.cp("cache_file", "salt://big")), BIG)

    def test_what_is_not_there(self) -> None:
        """
        A missing file is False, or "" for get_file, and an unknown environment the same.
        """
        self.assertIs(self.cp("cache_file", "salt://none"), False)
        self.assertIs(self.cp("cache_file", "salt://big?saltenv=dev"), False)
        self.assertEqual(self.cp("get_file", "salt://none", f"{self.here}/x"), "")
        self.assertEqual(self.cp("hash_file", "salt://none"), "")
        self.assertIs(self.cp("get_file_str", "salt://none"), False)

    def test_paths_stay_in_the_cache(self) -> None:
        """
        Neither a path nor an environment leads out of the cache.
        """
        for url in ("salt://../big", "salt://a/../../b"):
            self.assertRaises(SaltInvocationError, self.cp, "cache_file", url)
        self.assertRaises(SaltInvocationError, self.cp, "cache_dest", "salt://big", "../..")

    def test_file_where_a_folder_was(self) -> None:
        """
        When a folder of the master becomes a file, or the reverse, the cache follows.
        """
        self.cp("cache_file", "salt://dir/text")
        self.master.files["dir"] = b"now a file"
        self.assertEqual(self.content(self.cp("cache_file", "salt://dir")), b"now a file")
        self.assertEqual(self.content(self.cp("cache_file", "salt://dir/text")), b"text\n")

    def test_to_a_place(self) -> None:
        """
        get_file brings a file to a path or folder, makes folders if asked, keeps links.
        """
        target = self.made("target")
        (self.here / "l").symlink_to("target")
        self.cp("get_file", "salt://dir/text", f"{self.here}/l")
        self.assertEqual(target.read_bytes(), b"text\n")
        self.assertEqual(target.stat().st_mode & 0o777, 0o640)
        self.assertEqual(
            self.cp("get_file", "salt://dir/text", f"{self.here}/"), f"{self.here}/text"
        )
        deep = f"{self.here}/x/y/text"
        self.assertIs(self.cp("get_file", "salt://dir/text", deep), False)
        self.assertEqual(self.cp("get_file", "salt://dir/text", deep, makedirs=True), deep)
        self.assertEqual(os.listdir(self.cachedir / "partial"), [])

    def test_folders(self) -> None:
        """
        A whole folder comes with its empty folders.
        """
        found = self.cp("get_dir", "salt://dir", str(self.here))
        self.assertEqual(
            found,
            [f"{self.here}/dir/{each}" for each in ("hollow", "state/init.sls", "text")],
        )
        cached = self.cp("cache_dir", "salt://dir", include_pat="*.sls")
        self.assertEqual(cached, [f"{self.cachedir}/files/base/dir/state/init.sls"])

    def test_contents_and_lists(self) -> None:
        """
        Contents as text, names of states, modes, what is cached.
        """
        self.assertEqual(self.cp("get_file_str", "salt://dir/text"), "text\n")
        self.assertEqual(self.cp("get_url", "salt://dir/text", None), "text\n")
        self.assertEqual(self.cp("list_states"), ["dir.state"])
        self.assertEqual(self.cp("list_master_dirs"), [".", "dir", "dir/state"])
        self.assertEqual(self.cp("stat_file", "salt://big"), "0755")
        self.assertEqual(self.cp("envs"), ["base"])
        self.assertEqual(self.cp("list_minion"), [f"{self.cachedir}/files/base/dir/text"])

    def test_local_files(self) -> None:
        """
        Files of this machine are hashed, and copied into the cache.
        """
        path = self.made("a")
        self.assertEqual(self.cp("cache_file", f"file://{path}"), str(path))
        place = self.cp("cache_local_file", str(path))
        self.assertEqual(place, f"{self.cachedir}/localfiles{path}")
        self.assertEqual(self.cp("is_cached", str(path)), place)
        digest = hashlib.sha256(b"old\n").hexdigest()
        expected = {"hsum": digest, "hash_type": "sha256"}
        self.assertEqual(self.cp("hash_file", str(path)), expected)


class PushTests(CpCase):
    """To the master."""

    def test_push(self) -> None:
        """
        A file goes up part by part; an empty one arrives, too.
        """
        big, empty = self.made("big", BIG), self.made("empty", b"")
        self.assertIs(self.cp("push", str(big)), True)
        self.assertIs(self.cp("push", str(empty), upload_path="up/there"), True)
        self.assertEqual(self.master.received, {str(big)[1:]: BIG, "up/there": b""})

    def test_refused(self) -> None:
        """
        What the master refuses is False, and the source stays.
        """
        path = self.made("refused")
        self.assertIs(self.cp("push", str(path), remove_source=True), False)
        self.assertTrue(path.exists())
        self.assertIs(self.cp("push", "relative"), False)
        self.assertIs(self.cp("push", f"{self.here}/../x"), False)

    def test_folder(self) -> None:
        """
        All files of a folder that fit a pattern go up.
        """
        self.made("d/a.conf"), self.made("d/sub/b.conf"), self.made("d/c")
        self.assertTrue(self.cp("push_dir", f"{self.here}/d", glob="*.conf", upload_path="up"))
        self.assertEqual(sorted(self.master.received), ["up/a.conf", "up/sub/b.conf"])


class Pages(BaseHTTPRequestHandler):
    """A tiny web server."""

    asked: list[str | None] = []

    def do_GET(self) -> None:
        """Answer one page, which has a tag; and one that needs a password."""
        type(self).asked.append(self.headers.get("Authorization"))
        if self.path == "/none":
            self.send_error(404)
            return
        if self.headers.get("If-None-Match") == '"1"':
            self.send_response(304)
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("ETag", '"1"')
        self.send_header("Content-Length", "99" if self.path == "/short" else "5")
        self.end_headers()
        self.wfile.write(b"page\n")

    do_HEAD = do_GET

    def log_message(self, format: str, *args: Any) -> None:
        """Stay silent."""


class WebTests(CpCase):
    """From web servers."""

    def setUp(self) -> None:
        """Start one."""
        super().setUp()
        Pages.asked = []
        self.server = HTTPServer(("127.0.0.1", 0), Pages)
        self.base = f"http://127.0.0.1:{self.server.server_port}"
        thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            value = os.environ.pop(name, None)
            if value is not None:
                self.addCleanup(os.environ.__setitem__, name, value)

    def test_page(self) -> None:
        """
        A page is kept in the cache, and not fetched if it has the checksum that I want.
        """
        place = self.cp("cache_file", f"{self.base}/dir/page")
        host = self.base.removeprefix("http://").replace(":", "")
        self.assertEqual(place, f"{self.cachedir}/extrn_files/base/{host}/dir/page")
        self.assertEqual(self.content(place), b"page\n")
        digest = hashlib.sha256(b"page\n").hexdigest()
        self.cp("cache_file", f"{self.base}/dir/page", source_hash=digest)
        self.assertEqual(len(Pages.asked), 1)
        self.assertEqual(self.cp("get_url", f"{self.base}/x", None), "page\n")
        self.assertEqual(self.cp("get_url", f"{self.base}/x", f"{self.here}/"), f"{self.here}/x")

    def test_tags(self) -> None:
        """
        With use_etag a page that is the same is not sent again.
        """
        for _ in range(2):
            place = self.cp("cache_file", f"{self.base}/page", use_etag=True)
        self.assertEqual(self.content(place), b"page\n")

    def test_failures(self) -> None:
        """
        What is missing or cut off is an error without the password, and no file.
        """
        for page in ("none", "short"):
            url = f"{self.base}/{page}".replace("://", "://me:secret@")
            with self.assertRaises(CommandExecutionError) as caught:
                self.cp("cache_file", url)
            self.assertNotIn("secret", str(caught.exception))
        self.assertEqual(self.cp("list_minion"), [])
        self.assertRaises(CommandExecutionError, self.cp, "cache_file", "gopher://x/y")
        self.assertEqual(Pages.asked[0], "Basic bWU6c2VjcmV0")

    def test_managed_from_the_web(self) -> None:
        """
        A managed file from the web needs a checksum, and gets what has it.
        """
        path, url = f"{self.here}/a", f"{self.base}/page"
        rest = (None, None, None, None, "base", None, None)
        _, _, problem = self.call("get_managed", path, None, url, None, None, *rest)
        self.assertIn("source_hash", problem)
        digest = hashlib.md5(b"page\n").hexdigest()
        place, known, problem = self.call("get_managed", path, None, url, digest, None, *rest)
        self.assertEqual((problem, known), ("", {"hash_type": "md5", "hsum": digest}))
        answer = self.call("manage_file", path, place, None, url, known, *rest[:4], "base", "")
        self.assertEqual((answer["result"], self.content(path)), (True, b"page\n"))
        found = self.call("source_list", [f"{self.base}/none", url], None, "base")
        self.assertEqual(found, (url, None))
