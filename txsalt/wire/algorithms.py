"""
Names of the four algorithms of the wire, apart from their code: the command line never needs the
latter.

Source: PROTOCOL section 5.3.
"""

from txsalt.errors import BadAlgorithm

OAEP_SHA1, OAEP_SHA224 = "OAEP-SHA1", "OAEP-SHA224"
PKCS1V15_SHA1, PKCS1V15_SHA224 = "PKCS1v15-SHA1", "PKCS1v15-SHA224"


def check_enc_algo(name: object) -> str:
    """Return ``name`` if it is one of the two OAEP names; raise BadAlgorithm otherwise."""
    if name in (OAEP_SHA1, OAEP_SHA224):
        return str(name)
    raise BadAlgorithm("enc")


def check_sig_algo(name: object) -> str:
    """Return ``name`` if it is one of the two signature names; raise BadAlgorithm otherwise."""
    if name in (PKCS1V15_SHA1, PKCS1V15_SHA224):
        return str(name)
    raise BadAlgorithm("sig")
