"""
Sign and recover short messages with raw RSA in an X9.31 style block.

The block is 6B BB … BB BA data CC, as long as the modulus. The signature is the smaller of s and
n - s, and deterministic. Integers only: no library at hand offers this padding.

Source: PROTOCOL section 5.3.
"""

from txsalt.errors import BadSignature

_LEAD, _FILL, _END, _TRAILER, _LEAD_FULL = 0x6B, 0xBB, 0xBA, 0xCC, 0x6A

_FILLED = bytes([_FILL])


def encode_block(data: bytes, size: int) -> int:
    """Pad ``data`` to ``size`` bytes and read the block as a big-endian integer."""
    room = size - 2 - len(data)
    if room < 0:
        raise ValueError("data longer than the key allows")
    if room == 0:
        block = bytes([_LEAD_FULL]) + data + bytes([_TRAILER])
    else:
        block = bytes([_LEAD]) + bytes([_FILL]) * (room - 1) + bytes([_END]) + data
        block += bytes([_TRAILER])
    return int.from_bytes(block, "big")


def decode_block(signed: int, modulus: int) -> bytes:
    """
    Take the data out of ``signed`` = s^e mod n.

    Raises BadSignature if it is not such a block.
    """
    message = signed if signed % 16 == 12 else modulus - signed
    block = message.to_bytes((modulus.bit_length() + 7) // 8, "big")
    if block[-1] != _TRAILER:
        raise BadSignature("token")
    if block[0] == _LEAD_FULL:
        return block[1:-1]
    end = len(block) - len(block[1:].lstrip(_FILLED))
    if block[0] != _LEAD or block[end : end + 1] != bytes([_END]):
        raise BadSignature("token")
    return block[end + 1 : -1]
