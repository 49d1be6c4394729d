"""When a program is started again."""

from twisted.trial.unittest import SynchronousTestCase

from txsalt.protocol.child_life import LONG_LIFE, LONGEST_DELAY, ChildLife, Finished, Spawn


class ChildLifeTests(SynchronousTestCase):
    """A worker dies and is replaced."""

    def test_first_start(self) -> None:
        """
        The first start is immediate.
        """
        self.assertEqual(ChildLife().start(), Spawn(0.0))

    def test_after_a_long_life(self) -> None:
        """
        A worker that lived is replaced at once.
        """
        life = ChildLife()
        life.started(100.0)
        self.assertEqual(life.ended(100.0 + LONG_LIFE, 0.5), Spawn(0.0))

    def test_dying_young(self) -> None:
        """
        Young deaths double the delay up to a bound, and it is never given up.
        """
        life = ChildLife()
        delays = []
        for _ in range(200):
            life.started(0.0)
            delays.append(life.ended(1.0, 0.0).delay)
        self.assertEqual(delays[:4], [0.1, 0.2, 0.4, 0.8])
        self.assertEqual(delays[-1], LONGEST_DELAY)

    def test_reset(self) -> None:
        """
        A long life makes earlier deaths forgotten.
        """
        life = ChildLife()
        for _ in range(5):
            life.started(0.0)
            life.ended(0.0, 0.0)
        life.started(0.0)
        life.ended(LONG_LIFE, 0.0)
        life.started(20.0)
        self.assertEqual(life.ended(21.0, 0.0), Spawn(0.1))

    def test_jitter(self) -> None:
        """
        The delay is spread over its upper half.
        """
        life = ChildLife()
        life.started(0.0)
        delay = life.ended(0.0, 0.999).delay
        self.assertTrue(0.05 <= delay < 0.0502, delay)

    def test_could_not_start(self) -> None:
        """
        A program that the system would not start counts as a young death.
        """
        self.assertEqual(ChildLife().ended(5000.0, 0.0), Spawn(0.1))

    def test_stop_while_running(self) -> None:
        """
        After the stop the end of the program is the end of all.
        """
        life = ChildLife()
        life.started(0.0)
        self.assertIsNone(life.stop())
        self.assertEqual(life.ended(1.0, 0.0), Finished())

    def test_stop_while_waiting(self) -> None:
        """
        A stop between two programs is done at once.
        """
        life = ChildLife()
        life.started(0.0)
        life.ended(1.0, 0.0)
        self.assertEqual(life.stop(), Finished())
