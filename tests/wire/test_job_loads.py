"""Tests for the loads about jobs."""

from typing import Any  # any msgpack value

from twisted.trial.unittest import SynchronousTestCase

from txsalt.errors import BadAlgorithm, BadEncoding, BadEnvelope, BadLoad, BadName, RemoteError
from txsalt.wire import job_loads, serial

JID = "20260101120000123456"
PUBLISH = {
    "cmd": "publish",
    "tgt": "*",
    "fun": "test.ping",
    "arg": [],
    "key": "secret",
    "tgt_type": "glob",
    "ret": "",
    "jid": "",
    "kwargs": {"delimiter": ":", "metadata": {"a": 1}, "password": "secret"},
    "user": "root",
    "to": 5,
}
PUBLICATION = {
    "fun": "test.arg",
    "arg": [1, {"__kwarg__": True, "a": 2}],
    "tgt": "G@os:Debian",
    "jid": JID,
    "ret": "",
    "tgt_type": "compound",
    "user": "root",
}
RESULT = {"return": {1: "a"}, "retcode": 0, "success": True}


def changed(base: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Return ``base`` with other fields; ... takes a field out."""
    return {name: value for name, value in {**base, **fields}.items() if value is not ...}


class PublishRequestTests(SynchronousTestCase):
    """The command line asks for a job."""

    def test_round_trip(self) -> None:
        """The load is written as it was read, in order; what was not there is not added."""
        for load in (
            PUBLISH,
            changed(PUBLISH, kwargs=..., to=...),
            changed(PUBLISH, tgt=["a", "b"], tgt_type="list", jid=JID),
            changed(PUBLISH, fun=["a.b", "c.d"], arg=[[], [1]], to=2.5),
        ):
            again = job_loads.read_publish_request(load).load()
            self.assertEqual(serial.pack(again), serial.pack(load))

    def test_secrets_are_not_shown(self) -> None:
        """What is printed of a request holds neither key nor password."""
        self.assertNotIn("secret", repr(job_loads.read_publish_request(PUBLISH)))

    def test_refused(self) -> None:
        """Fields of wrong kinds are refused."""
        rows: list[tuple[dict[str, Any], type[RemoteError]]] = [
            ({"tgt": ...}, BadLoad),
            ({"tgt": 5}, BadLoad),
            ({"tgt": ["a", 5]}, BadLoad),
            ({"fun": ...}, BadLoad),
            ({"fun": ""}, BadLoad),
            ({"fun": []}, BadLoad),
            ({"fun": ["a", None]}, BadLoad),
            ({"arg": "x"}, BadLoad),
            ({"arg": {"a": 1}}, BadLoad),
            ({"tgt_type": 5}, BadLoad),
            ({"ret": 5}, BadLoad),
            ({"user": 5}, BadLoad),
            ({"key": b"\xff"}, BadLoad),
            ({"kwargs": []}, BadLoad),
            ({"jid": "../x"}, BadName),
            ({"jid": ["x"]}, BadName),
        ]
        for fields, kind in rows:
            with self.subTest(fields=str(fields)):
                load = changed(PUBLISH, **fields)
                self.assertRaises(kind, job_loads.read_publish_request, load)

    def test_publication_made_of_it(self) -> None:
        """The publication takes over what minions may see, and no credentials."""
        request = job_loads.read_publish_request(PUBLISH)
        load = job_loads.publication_load(request, jid=JID, user="root")
        self.assertEqual(
            list(load), ["fun", "arg", "tgt", "jid", "ret", "tgt_type", "to", "metadata", "user"]
        )
        self.assertNotIn("secret", repr(load))

    def test_delimiter(self) -> None:
        """A delimiter is published when it is not the usual one."""
        request = job_loads.read_publish_request(changed(PUBLISH, kwargs={"delimiter": "|"}))
        load = job_loads.publication_load(request, jid=JID, user="root")
        self.assertEqual(load["delimiter"], "|")


class PublicationTests(SynchronousTestCase):
    """A minion reads a job."""

    def test_read(self) -> None:
        """A job has all that is needed to match and run it, and the whole load."""
        job = job_loads.read_publication(PUBLICATION)
        self.assertEqual((job.jid, job.fun, job.tgt_type), (JID, "test.arg", "compound"))
        self.assertEqual((job.arg, job.delimiter), (PUBLICATION["arg"], ":"))
        self.assertIs(job.load, PUBLICATION)

    def test_defaults(self) -> None:
        """Without a type a target is a glob; a jid may be a number."""
        job = job_loads.read_publication(changed(PUBLICATION, tgt_type=..., jid=5))
        self.assertEqual((job.tgt_type, job.jid), ("glob", "5"))

    def test_refused(self) -> None:
        """A job without target, id, function or arguments is refused."""
        rows: list[tuple[Any, type[RemoteError]]] = [
            (None, BadLoad),
            ([], BadLoad),
            (changed(PUBLICATION, tgt=...), BadLoad),
            (changed(PUBLICATION, tgt={}), BadLoad),
            (changed(PUBLICATION, jid=...), BadName),
            (changed(PUBLICATION, jid="../x"), BadName),
            (changed(PUBLICATION, fun=...), BadLoad),
            (changed(PUBLICATION, fun=5), BadLoad),
            (changed(PUBLICATION, arg=...), BadLoad),
            (changed(PUBLICATION, arg="x"), BadLoad),
            (changed(PUBLICATION, fun=["a.b", "c.d"], arg=[[]]), BadLoad),
            (changed(PUBLICATION, tgt_type=5), BadLoad),
        ]
        for load, kind in rows:
            with self.subTest(load=str(load)[:80]):
                self.assertRaises(kind, job_loads.read_publication, load)


class SealedPublicationTests(SynchronousTestCase):
    """The frame of 4505."""

    def test_round_trip(self) -> None:
        """Signed or not, a frame is read as it was written."""
        for sig in (b"s" * 256, None):
            sealed = job_loads.SealedPublication(
                box=b"text, but a box", sig=sig, sig_algo="PKCS1v15-SHA1"
            )
            self.assertEqual(job_loads.read_sealed_publication(sealed.packed()), sealed)

    def test_refused(self) -> None:
        """Anything else on 4505 is refused."""
        good = {"enc": "aes", "load": b"x", "sig_algo": "PKCS1v15-SHA1", "sig": b"x"}
        rows: list[tuple[bytes, type[RemoteError]]] = [
            (b"", BadEncoding),
            (serial.pack(5), BadEnvelope),
            (serial.pack(changed(good, enc="clear")), BadEnvelope),
            (serial.pack(changed(good, enc=...)), BadEnvelope),
            (serial.pack(changed(good, load={})), BadEnvelope),
            (serial.pack(changed(good, load=...)), BadEnvelope),
            (serial.pack(changed(good, sig=5)), BadEnvelope),
            (serial.pack(changed(good, sig_algo="x")), BadAlgorithm),
            (serial.pack(changed(good, sig_algo=5)), BadAlgorithm),
        ]
        for raw, kind in rows:
            with self.subTest(raw=raw):
                self.assertRaises(kind, job_loads.read_sealed_publication, raw)


class ReturnTests(SynchronousTestCase):
    """A minion answers, and the master believes only who it is."""

    def test_written(self) -> None:
        """A return echoes what the publication said about the job."""
        publication = changed(PUBLICATION, metadata={"a": 1}, master_id="m1")
        load = job_loads.return_load(publication, "web-01", RESULT, "2026-01-01T00:00:00")
        wanted = "cmd id success return retcode jid fun fun_args user metadata master_id _stamp"
        self.assertEqual(list(load), wanted.split())
        self.assertEqual((load["id"], load["jid"]), ("web-01", JID))

    def test_metadata_that_is_no_map(self) -> None:
        """Metadata of another kind is dropped, as stock minions do."""
        publication = changed(PUBLICATION, metadata="x")
        self.assertNotIn("metadata", job_loads.return_load(publication, "a", RESULT, "now"))

    def test_outputter_and_jid(self) -> None:
        """A result may name its outputter; a job of the schedule has its own jid."""
        load = job_loads.return_load({}, "a", {**RESULT, "out": "nested"}, "now", jid="req")
        self.assertEqual((load["out"], load["jid"], load["fun"]), ("nested", "req", None))

    def test_sender_is_the_authenticated_one(self) -> None:
        """The id in the load is replaced by the sender's; transport fields are not stored."""
        load = {"id": "db-01", "jid": 5, "return": 1, "nonce": "n", "tok": "t", "sig": "s", "x": 1}
        found = job_loads.read_return(load, "web-01")
        self.assertEqual(found.minion_id, "web-01")
        self.assertEqual(found.load, {"id": "web-01", "jid": "5", "return": 1, "x": 1})

    def test_options_of_returners(self) -> None:
        """
        What a minion says of how it delivered its return is kept without passwords.
        """
        load = {"return": 1, "jid": JID, "ret_config": "x", "ret_kwargs": {"passwd": "s3cret"}}
        read = job_loads.read_return(load, "m1")
        self.assertEqual(read.load["ret_kwargs"], {"passwd": job_loads.HIDDEN})
        odd = job_loads.read_return({**load, "ret_kwargs": "s3cret"}, "m1")
        self.assertEqual(odd.load["ret_kwargs"], job_loads.HIDDEN)

    def test_outcomes(self) -> None:
        """Success and retcode of one function, of several, and of none that said so."""
        rows: list[tuple[dict[str, Any], bool, int]] = [
            ({}, True, 0),
            ({"success": False, "retcode": 2}, False, 2),
            ({"success": {"a": True, "b": False}, "retcode": {"a": 0, "b": 3}}, False, 3),
            ({"success": [True, True], "retcode": [0, None]}, True, 1),
            ({"success": {}, "retcode": {}}, True, 0),
            ({"success": None, "retcode": "x"}, False, 1),
        ]
        for fields, success, retcode in rows:
            with self.subTest(fields=fields):
                found = job_loads.read_return({"jid": JID, "return": None, **fields}, "a")
                self.assertEqual((found.success, found.retcode), (success, retcode))

    def test_refused(self) -> None:
        """A return without result or job is refused."""
        self.assertRaises(BadLoad, job_loads.read_return, {"jid": JID}, "a")
        for jid in (None, "", "../x", ["x"], b"\xff", 2.5):
            load = {"return": 1, "jid": jid}
            self.assertRaises(BadName, job_loads.read_return, load, "a")
