"""What a minion says of a job that the master waits for."""

from twisted.trial.unittest import SynchronousTestCase

from txsalt.minion.daemon.job_fate import JobFate

JID = "20260101000000000001"


class JobFateTests(SynchronousTestCase):
    """Jobs that neither run nor wait for a place."""

    def setUp(self) -> None:
        self.troubles: dict[str, str] = {}
        self.fate = JobFate(self.troubles.get)

    def test_never_heard(self) -> None:
        """
        Of a job that did not get here, the minion says that it knows nothing.
        """
        self.assertEqual(self.fate.of(JID), {"state": "unknown"})

    def test_for_others(self) -> None:
        """
        A job that came by but was not meant for this minion is told apart from a lost one.
        """
        self.fate.heard(JID, is_ours=False)
        self.assertEqual(self.fate.of(JID), {"state": "unmatched"})

    def test_ended(self) -> None:
        """
        A job whose return is on its way, refused or acknowledged is each named so.
        """
        self.fate.heard(JID, is_ours=True)
        self.troubles[JID] = ""
        self.assertEqual(self.fate.of(JID), {"state": "waiting"})
        self.troubles[JID] = "bad load"
        self.assertEqual(self.fate.of(JID), {"state": "refused", "reason": "bad load"})
        del self.troubles[JID]
        self.assertEqual(self.fate.of(JID), {"state": "ended"})

    def test_old_jobs_are_forgotten(self) -> None:
        """
        The memory is bounded, and the newest jobs are the ones that are kept.
        """
        for number in range(1500):
            self.fate.heard(str(number), is_ours=True)
        self.assertEqual(self.fate.of("0"), {"state": "unknown"})
        self.assertEqual(self.fate.of("1499"), {"state": "ended"})
