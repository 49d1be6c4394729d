"""
Tests that nothing a peer can send raises anything but a refusal, and that what we write we read.

Seeded: the same examples at each run.
"""

import base64
import contextlib
import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any  # any msgpack value

import msgpack
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txsalt.errors import RemoteError
from txsalt.wire import auth_loads, envelope, event, job_loads, names, serial
from txsalt.wire.crypticle import Crypticle, key_string_from
from txsalt.wire.rsa import PublicKey

VECTORS = Path(__file__).parents[1] / "vectors"
KEY = Crypticle(key_string_from(bytes(range(56))), vector=lambda size: b"\x07" * size)

seeded = settings(
    max_examples=200,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False)
    | TEXTS
    | st.datetimes()
)
KEYS = st.none() | st.integers(-(2**63), 2**64 - 1) | TEXTS
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)
NOT_UTF8 = st.binary(max_size=20).map(lambda tail: b"\xff" + tail)
EXTENSIONS = st.builds(msgpack.ExtType, st.integers(0, 127), st.binary(max_size=24))
ODD_VALUES = st.recursive(
    SCALARS.filter(lambda value: not isinstance(value, datetime)) | NOT_UTF8 | EXTENSIONS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)
FIELD_NAMES = """
    enc load version id enc_algo sig_algo sig key pillar cmd nonce pub token ret pub_key
    publish_port aes session pub_sig jid tgt tgt_type fun arg return retcode success kwargs to
    user delimiter serial autosign_grains
"""
NAMES = st.sampled_from(FIELD_NAMES.split())
FIELDS = ODD_VALUES | st.sampled_from(["clear", "aes", 3, 4505, "web-01", "20260101", b"x" * 256])
LOADS = st.dictionaries(NAMES, FIELDS, max_size=9)

Decoder = Callable[[bytes], Any]
BYTES_DECODERS: dict[str, Decoder] = {
    "unpack": serial.unpack,
    "unpack_raw": serial.unpack_raw,
    "unpack_bin": serial.unpack_bin,
    "read_request": envelope.read_request,
    "read_request of any version": lambda raw: envelope.read_request(raw, -100),
    "read_reply": envelope.read_reply,
    "open": KEY.open,
    "open with nonce": lambda raw: KEY.open(raw, "0" * 32),
    "read_inner": auth_loads.read_inner,
    "read_sealed_publication": job_loads.read_sealed_publication,
    "read_event": event.read_event,
    "from_pem": lambda raw: PublicKey.from_pem(raw.decode("utf-8", "surrogateescape")),
    "key string": Crypticle,
    "read_pub_sig": lambda raw: auth_loads.read_pub_sig(raw.decode("latin-1")),
}
LOAD_DECODERS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "read_auth_request": auth_loads.read_auth_request,
    "inner_from": auth_loads.inner_from,
    "read_publish_request": job_loads.read_publish_request,
    "read_publication": job_loads.read_publication,
    "read_return": lambda load: job_loads.read_return(load, "web-01"),
}
NAME_DECODERS: dict[str, Callable[[Any], Any]] = {
    "minion_id": names.minion_id,
    "jid": names.jid,
    "tag": names.tag,
    "saltenv": names.saltenv,
    "relative_path": names.relative_path,
}


def _recorded_frames() -> list[bytes]:
    frames = []
    for path in sorted(VECTORS.glob("3008.3/0*[05]-*.json")):
        for frame in json.loads(path.read_text())["frames"]:
            body = base64.b64decode(frame["frames_b64"][-1])
            if len(body) < 4000:
                frames.append(body)
    return frames[:120]


FRAMES = _recorded_frames()


@st.composite
def mutated_frames(draw: st.DrawFn) -> bytes:
    """A recorded frame with some bytes changed, taken out, doubled, or its end cut off."""
    frame = bytearray(draw(st.sampled_from(FRAMES)))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(len(frame) - 1, 0)))
        match draw(st.integers(0, 3)):
            case 0 if frame:
                frame[at] = draw(st.integers(0, 255))
            case 1:
                del frame[at : at + draw(st.integers(1, 8))]
            case 2:
                frame[at:at] = frame[at : at + 8]
            case _:
                del frame[at:]
    return bytes(frame)


def run_all(decoders: dict[str, Callable[[Any], Any]], value: Any) -> None:
    """Give ``value`` to every decoder; anything but a result or a refusal is an error."""
    for name, decode in decoders.items():
        try:
            decode(value)
        except RemoteError:
            pass
        except Exception as exc:
            raise AssertionError(f"{name} of {value!r:.300} raised {exc!r}") from exc


class GarbageTests(SynchronousTestCase):
    """Whatever arrives is read or refused; a peer cannot break the one who reads."""

    @seeded
    @given(st.binary(max_size=200))
    def test_random_bytes(self, raw: bytes) -> None:
        """Bytes without any meaning are refused."""
        run_all(BYTES_DECODERS, raw)

    @seeded
    @given(mutated_frames())
    def test_damaged_frames(self, raw: bytes) -> None:
        """Recorded frames that were damaged on the way are refused, or still read."""
        run_all(BYTES_DECODERS, raw)

    @seeded
    @given(ODD_VALUES)
    def test_any_msgpack(self, value: Any) -> None:
        """Good msgpack of any content is read or refused."""
        run_all(BYTES_DECODERS, serial.pack(value))
        run_all(BYTES_DECODERS, serial.pack_bin(value))
        run_all(NAME_DECODERS, value)

    @seeded
    @given(LOADS)
    def test_fields_of_wrong_types(self, load: dict[str, Any]) -> None:
        """Messages with the right field names and any content are read or refused."""
        run_all(BYTES_DECODERS, serial.pack(load))
        run_all(LOAD_DECODERS, serial.unpack(serial.pack(load)))
        run_all(BYTES_DECODERS, b"some/tag\n\n" + serial.pack_bin(load))

    @seeded
    @given(LOADS, st.sampled_from(["clear", "aes"]), st.sampled_from([0, 2, 3, "3", None]))
    def test_good_envelope_with_any_load(self, load: dict[str, Any], enc: str, ver: Any) -> None:
        """An envelope in order does not make its content trusted."""
        run_all(BYTES_DECODERS, serial.pack({"enc": enc, "load": load, "version": ver}))
        packed = serial.pack(load)
        run_all(BYTES_DECODERS, serial.pack({"enc": enc, "load": packed, "sig": b"\xff" * 256}))

    @seeded
    @given(st.binary(max_size=120))
    def test_any_content_under_the_right_key(self, content: bytes) -> None:
        """A peer that holds the key may still seal nonsense."""
        run_all({"open": KEY.open}, KEY.seal_packed(content))
        run_all({"open": lambda box: KEY.open(box, "0" * 32)}, KEY.seal_packed(content))

    @seeded
    @given(st.text(max_size=300))
    def test_any_text_as_name(self, text: str) -> None:
        """A name is given back unchanged or refused; never quietly another."""
        run_all(NAME_DECODERS, text)
        for decode in NAME_DECODERS.values():
            with contextlib.suppress(RemoteError):
                self.assertEqual(decode(text), text)

    @seeded
    @given(st.text(max_size=300), st.integers(0, 400))
    def test_damaged_pem(self, filling: str, at: int) -> None:
        """A key text with anything inside is refused."""
        keys = json.loads((VECTORS / "3008.3" / "keys.json").read_text())
        pem = keys["scenarios"]["main"]["master_private_pem"]
        run_all({"from_pem": PublicKey.from_pem}, pem[:at] + filling + pem[at:])
        text = f"-----BEGIN PUBLIC KEY-----\n{filling}\n-----END PUBLIC KEY-----"
        run_all({"from_pem": PublicKey.from_pem}, text)


class RoundTripTests(SynchronousTestCase):
    """What we write we read back."""

    @seeded
    @given(VALUES)
    def test_wire_values(self, value: Any) -> None:
        """Values without byte strings survive the wire."""
        self.assertEqual(serial.unpack(serial.pack(value)), value)

    @seeded
    @given(ODD_VALUES)
    def test_wire_bytes(self, value: Any) -> None:
        """Strings that are not UTF-8 and unknown extensions survive the wire, too."""
        packed = serial.pack(value)
        self.assertEqual(serial.unpack(packed), value)
        self.assertEqual(serial.pack(serial.unpack(packed)), packed)
        self.assertEqual(serial.pack(serial.unpack_raw(packed)), packed)
        self.assertEqual(serial.to_text(serial.unpack_raw(packed)), value)

    @seeded
    @given(st.dictionaries(KEYS, ODD_VALUES | st.binary(max_size=20), max_size=5))
    def test_bin_values(self, value: Any) -> None:
        """On this machine's buses bytes stay bytes even when they could be text."""
        self.assertEqual(serial.unpack_bin(serial.pack_bin(value)), value)

    @seeded
    @given(ODD_VALUES, st.sampled_from(["", "0123456789abcdef" * 2]), st.binary(min_size=16))
    def test_boxes(self, value: Any, nonce: str, vector: bytes) -> None:
        """A box opens with its key and nonce."""
        writer = Crypticle(key_string_from(bytes(range(56))), vector=lambda size: vector[:size])
        self.assertEqual(KEY.open(writer.seal(value, nonce), nonce), value)

    @seeded
    @given(
        st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=50),
        st.dictionaries(TEXTS, ODD_VALUES | st.binary(max_size=20), max_size=5),
    )
    def test_events(self, tag: str, data: dict[str, Any]) -> None:
        """An event keeps its tag and data."""
        self.assertEqual(event.read_event(event.write_event(tag, data)), (tag, data))

    @seeded
    @given(LOADS)
    def test_clear_requests(self, load: dict[str, Any]) -> None:
        """A clear request keeps its load."""
        request = envelope.read_request(envelope.write_clear_request(load))
        self.assertEqual(request.load, serial.unpack(serial.pack(load)))
