"""
Seal and open publications (master to minions).

Interactions: the relay seals one load for each publish request; every minion opens it, or drops
it. A publication carries a serial that only grows for one shared key; a minion refuses one that
does not, and any job id it has seen before.

Source: PROTOCOL sections 5.4, 11.1, 11.3, 8.3.
"""

import hashlib
from collections import OrderedDict
from typing import Any  # loads are maps of any msgpack value

from txsalt.errors import MissingSignature, Replayed
from txsalt.light import define, field
from txsalt.wire import algorithms, job_loads, rsa
from txsalt.wire.crypticle import Crypticle

BROADCAST = b"broadcast"
# What a frame without a topic can begin with: the header of a map of two fields or some more.
# No topic begins so, thus who subscribes to these hears all that is for everybody and no more.
_WITHOUT_TOPIC = tuple(bytes([0x80 + fields]) for fields in range(2, 7))
_WILD = frozenset("*?[")
# Who listens to publications of its own subscribes to so many digits of their topic. A publisher
# of ZeroMQ looks at each node of its tree of topics when a subscriber ends: 40 digits are 37 nodes
# for each minion, these are 4,369 for all. Of 5,000 minions two hear what is for one.
_DIGITS = 3
_TOPIC_LENGTH = 40
# Subscribed to and given up at once: so a master of ours learns whose the connection is.
_ANNOUNCEMENT = b"i-am/"


def topic_of(minion_id: str) -> bytes:
    """Return the topic of one minion where publications are filtered: hex SHA-1 of its id."""
    return hashlib.sha1(minion_id.encode()).hexdigest().encode()  # noqa: S324 - the wire's choice


def topics_of(minion_id: str, *, filtered: bool) -> tuple[bytes, ...]:
    """
    Return what a minion subscribes to; ``filtered``: its master never sends without a topic.

    Few copies for other minions come, from any master; see ``is_for``.
    """
    topics = (BROADCAST, topic_of(minion_id)[:_DIGITS])
    return topics if filtered else (*_WITHOUT_TOPIC, *topics)


def is_for(minion_id: str, topic: bytes) -> bool:
    """Tell whether what comes under a topic concerns this minion."""
    return topic in (BROADCAST, topic_of(minion_id))


def announcement_of(minion_id: str) -> bytes:
    """Return what a minion subscribes to for a moment, so that a master of ours knows it."""
    return _ANNOUNCEMENT + topic_of(minion_id)


def announced(subscription: bytes) -> bytes | None:
    """
    Return the topic of the one minion that subscribes so; None if that is not said.

    Stock minions with zmq_filtering subscribe to their whole topic.
    """
    topic = subscription.removeprefix(_ANNOUNCEMENT)
    return topic if len(topic) == _TOPIC_LENGTH else None


def pays_to_address(targets: int, connections: int, without_topic: int) -> bool:
    """
    Tell whether a copy for each target costs less than one frame for everybody.

    ``without_topic`` of the connections hear every copy, whomever it is for: stock minions. Those
    of the 3008 line take a topic for a publication of its own and complain, so with one of them
    there nothing is addressed.
    """
    return without_topic == 0 and 0 < 2 * targets <= connections


def named_targets(load: job_loads.Load) -> list[str] | None:
    """Return the ids that a job names one by one; None if it must go to everybody."""
    tgt, tgt_type = load.get("tgt"), load.get("tgt_type", "glob")
    if tgt_type == "list" and isinstance(tgt, list):
        return tgt
    if tgt_type == "glob" and isinstance(tgt, str) and not _WILD.intersection(tgt):
        return [tgt]
    return None


@define
class Sealer:
    """Owns the serial of one shared key; ``serial`` is the last one used."""

    crypticle: Crypticle
    serial: int
    key: rsa.PrivateKey | None = field(default=None, repr=False)  # None: do not sign
    sig_algo: str = algorithms.PKCS1V15_SHA1

    def seal(self, load: job_loads.Load) -> bytes:
        """Number, seal and sign an inner map; return the frame."""
        self.serial += 1
        box = self.crypticle.seal({**load, "serial": self.serial})
        sig = self.key.sign(box, self.sig_algo) if self.key else None
        return job_loads.SealedPublication(box=box, sig=sig, sig_algo=self.sig_algo).packed()


class Opener:
    """
    Opens publications of one master and refuses what it has seen.

    Once a signed publication was verified, unsigned ones are refused for good: a master signs
    all or none.
    """

    def __init__(
        self,
        master_key: rsa.PublicKey,
        key_string: str,
        *,
        require_signature: bool,
        jids: int,
        serial: int = 0,
    ) -> None:
        """``serial`` is the last one that a former run saw under this key."""
        self._master_key = master_key
        self._require_signature = require_signature
        self._key_string = key_string
        self._crypticle = Crypticle(key_string)
        self._serial = serial
        self._jids: OrderedDict[str, None] = OrderedDict()
        self._max_jids = jids

    @property
    def last(self) -> tuple[str, int]:
        """The key string, and the last serial seen under it; 0: none."""
        return self._key_string, self._serial

    def renew(self, master_key: rsa.PublicKey, key_string: str) -> bool:
        """Take the keys of a new sign-in; return whether the shared key is another one."""
        self._master_key = master_key
        if key_string == self._key_string:
            return False
        self._key_string, self._crypticle, self._serial = key_string, Crypticle(key_string), 0
        return True

    def open(self, frame: bytes) -> job_loads.Publication:
        """
        Return the publication in ``frame``.

        Raises BadBox (the shared key was rotated, or it is a forgery), BadSignature, Replayed,
        BadLoad, BadName, BadEncoding, BadEnvelope, BadAlgorithm.
        """
        sealed = job_loads.read_sealed_publication(frame)
        load = self._crypticle.open(sealed.box)
        self._verify(sealed)
        self._check_serial(load)
        publication = job_loads.read_publication(load)
        if publication.jid in self._jids:
            raise Replayed
        return publication

    def remember(self, jid: str) -> None:
        """Note a job that is acted upon; the oldest is forgotten when there are too many."""
        self._jids[jid] = None
        while len(self._jids) > self._max_jids:
            self._jids.popitem(last=False)

    def _verify(self, sealed: job_loads.SealedPublication) -> None:
        if sealed.sig is not None:
            self._master_key.verify(sealed.sig, sealed.box, sealed.sig_algo, "publication")
            self._require_signature = True
        elif self._require_signature:
            raise MissingSignature("publication")

    def _check_serial(self, load: Any) -> None:
        if not isinstance(load, dict) or "serial" not in load:
            return  # masters in a cluster send none
        serial = load.pop("serial")
        if not isinstance(serial, int) or serial <= self._serial:
            raise Replayed
        self._serial = serial
