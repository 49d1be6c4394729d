"""What options may hold."""

from twisted.trial.unittest import SynchronousTestCase

from txsalt.config import kinds


class KindTests(SynchronousTestCase):
    def test_accepted(self) -> None:
        """
        Values of the right kind are read, numbers in quotes and words of any case included.
        """
        for kind, given, kept in (
            (kinds.integer(), "5", 5),
            (kinds.number(), "1.5", 1.5),
            (kinds.text, 7, "7"),
            (kinds.log_level, "DEBUG", "debug"),
            (kinds.signature, "pkcs1v15-sha224", "PKCS1v15-SHA224"),
            (kinds.optional(kinds.port), None, None),
            (kinds.either(kinds.flag, kinds.words), ["a"], ["a"]),
            (kinds.one_or_more, "a", ["a"]),
            (kinds.keysize, 4096, 4096),
        ):
            self.assertEqual(kind.read(given), kept)

    def test_refused(self) -> None:
        """
        Values of another kind are refused, a flag for a number and a list for a text among them.
        """
        for kind, given in (
            (kinds.integer(), True),
            (kinds.integer(), 1.5),
            (kinds.integer(0), -1),
            (kinds.port, 65536),
            (kinds.number(), "nan"),
            (kinds.number(), float("inf")),
            (kinds.text, False),
            (kinds.text, ["a"]),
            (kinds.text, "a\0b"),
            (kinds.filled_text, " "),
            (kinds.flag, "no"),
            (kinds.flag, 1),
            (kinds.words, "a"),
            (kinds.mapping, []),
            (kinds.roots, ["/srv"]),
            (kinds.log_level, "loud"),
            (kinds.keysize, 1024),
            (kinds.keysize, 2049),
        ):
            self.assertRaises(ValueError, kind.read, given)

    def test_off_without_quotes(self) -> None:
        """
        A choice may be "off" without quotes, which YAML reads as false.
        """
        kind = kinds.one_of("auto", "off")
        self.assertEqual((kind.read(False), kind.read("OFF")), ("off", "off"))
        self.assertRaises(ValueError, kind.read, True)
