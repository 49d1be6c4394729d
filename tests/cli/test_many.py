"""Ten thousand minions at the command line: nothing takes more than its share of time."""

import io
import os
import tempfile
from contextlib import redirect_stdout
from functools import partial
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.pace import least_seconds
from txsalt.cli import key
from txsalt.cli.report import Report, Style
from txsalt.client.steps import Published, Returned
from txsalt.jobs.gather import Finished, Gather
from txsalt.master.store.keys import KeyStore
from txsalt.protocol.admission import KeyState

COUNT = 10_000
IDS = [f"m{number:05}" for number in range(COUNT)]
# Processor time. It takes a tenth of it; what is quadratic takes minutes.
SECONDS = 5.0


class ManyKeysTests(SynchronousTestCase):
    def test_list(self) -> None:
        """
        All keys are listed at once, also those that a glob means.
        """
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        pki_dir = Path(folder.name, "pki")
        Path(folder.name, "master").write_text(f"pki_dir: {pki_dir}\nsock_dir: {folder.name}\n")
        KeyStore(str(pki_dir)).prepare()
        one = pki_dir / "one.pub"
        one.touch()
        for minion_id in IDS:
            os.link(one, pki_dir / KeyState.ACCEPTED.value / minion_id)

        def list_keys(*globs: str) -> str:
            said = io.StringIO()
            with redirect_stdout(said):
                self.assertEqual(key.main(["--config-dir", folder.name, "key", "list", *globs]), 0)
            return said.getvalue()

        for globs, count in (((), COUNT), (("m00*",), 1000)):
            self.assertEqual(list_keys(*globs).count("\nm"), count)
            self.assertLess(least_seconds(partial(list_keys, *globs), SECONDS), SECONDS)


class ManyReturnsTests(SynchronousTestCase):
    def test_print(self) -> None:
        """
        Ten thousand returns are taken in and printed, in whatever form, without a long wait.
        """

        def print_all(how: str) -> str:
            out = io.StringIO()
            report = Report(Style(how=how), out=out)
            gather = Gather("1", tuple(IDS), 5.0, 5.0, 0.0)
            report.published(Published(jid="1", minions=IDS, missing=[]))
            for minion in IDS:
                load = {"jid": "1", "return": {"free": 1, "text": "x\ny"}, "retcode": 0}
                self.assertTrue(gather.returned(minion, load, 1.0))
                report.returned(Returned(minion=minion, load=load))
            self.assertEqual(gather.due(1.0), Finished({}))
            report.ended({})
            self.assertEqual(report.exit_code, 0)
            return out.getvalue()

        for how in ("nested", "txt", "json", "yaml", "raw", "jsonl", "json-v1", "table"):
            text = print_all(how)
            self.assertTrue(all(minion in text for minion in IDS[:: COUNT // 10]), how)
            self.assertLess(least_seconds(partial(print_all, how), SECONDS), SECONDS, how)

    def test_one_of_ten_megabytes(self) -> None:
        """
        A single return of ten megabytes is printed whole.
        """
        text = "0123456789abcde\n" * 625_000

        def print_it(how: str) -> str:
            out = io.StringIO()
            Report(Style(how=how), out=out).returned(
                Returned(minion="web1", load={"jid": "1", "return": text, "retcode": 0})
            )
            return out.getvalue()

        for how in ("nested", "txt", "json", "yaml", "raw"):
            self.assertEqual(print_it(how).count("0123456789abcde"), 625_000, how)
            self.assertLess(least_seconds(partial(print_it, how), SECONDS), SECONDS, how)
