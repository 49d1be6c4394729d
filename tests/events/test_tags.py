"""Tests of event tags."""

from twisted.trial.unittest import SynchronousTestCase

from txsalt.events import tags
from txsalt.events.tags import ReturnTag, minion_may_fire, parse_return

JID = "20261123043509000001"


class TagTests(SynchronousTestCase):
    def test_spelling(self) -> None:
        """
        Tags are spelled as everything on top of the bus expects them.
        """
        for made, tag in [
            (tags.job_new(JID), f"salt/job/{JID}/new"),
            (tags.job_publish(JID), f"salt/job/{JID}/publish"),
            (tags.job_return(JID, "web1"), f"salt/job/{JID}/ret/web1"),
            (tags.job_progress(JID, "web1", 3), f"salt/job/{JID}/prog/web1/3"),
            (tags.job_start(JID, "web1"), f"salt/job/{JID}/start/web1"),
            (tags.job_failed_part(JID, "w", "state.sls"), f"salt/job/{JID}/sub/w/error/state.sls"),
            (tags.job_error(JID), f"salt/job/{JID}/error"),
            (tags.runner_new(JID), f"salt/run/{JID}/new"),
            (tags.runner_return(JID), f"salt/run/{JID}/ret"),
            (tags.wheel_new(JID), f"salt/wheel/{JID}/new"),
            (tags.wheel_return(JID), f"salt/wheel/{JID}/ret"),
            (tags.minion_refresh("web1"), "minion/refresh/web1"),
            (tags.resource_refresh("web1"), "resource/refresh/web1"),
            (tags.minion_start("web1"), "salt/minion/web1/start"),
            (tags.beacon("web1", "load/high"), "salt/beacon/web1/load/high"),
            (tags.live("x1"), "txsalt/live/x1"),
        ]:
            self.assertEqual(made, tag)

    def test_replays_are_read(self) -> None:
        """
        A wish for past events is understood, from however long ago, or from times to come.
        """
        for since, meant in ((12.5, 12.5), (-1e9, 0.0), (float("-inf"), 0.0), (1e15, 999999999999)):
            tag = tags.replay("0123456789abcdef", 3, since, "my/")
            self.assertEqual(tags.parse_replay(tag), tags.Replay(3, meant, "my/"))
        self.assertIsNone(tags.parse_replay("my/tag"))

    def test_return_tags_are_read(self) -> None:
        """
        The tag of a return tells the job and the minion; other tags tell nothing.
        """
        self.assertEqual(parse_return(tags.job_return(JID, "web1")), ReturnTag(JID, "web1"))
        self.assertTrue(tags.job_return(JID, "w").startswith(tags.job_return_prefix(JID)))
        for tag in [f"salt/job/{JID}/new", f"salt/job/{JID}/ret/", "x", f"my/salt/job/{JID}/ret/w"]:
            self.assertIsNone(parse_return(tag))


class MinionMayFireTests(SynchronousTestCase):
    def test_what_stock_minions_fire(self) -> None:
        """
        A minion tells of its start, its jobs and its beacons, and of whatever its users like.
        """
        for tag in [
            "minion_start",
            "minion_ping",
            "_salt_error",
            "salt/minion/web1/start",
            f"salt/job/{JID}/prog/web1/0",
            f"salt/job/{JID}/start/web1",
            "salt/beacon/web1/load/",
            "my/own/tag",
            "deploy",
            "keyboard",
            "salty/x",
            "ключ/ü",
            "2026",
            "clusters/x",
            "minion/own",
            f"x/{JID}",
        ]:
            self.assertTrue(minion_may_fire("web1", tag), tag)

    def test_what_only_the_master_may_say(self) -> None:
        """
        No minion can play the master, another minion, or a part of the house.
        """
        for tag in [
            "",
            "a" * 2000,
            "a\nb",
            "a\0b",
            "salt",
            "salt/",
            "salt/auth",
            "salt/key",
            "key",
            "key/x",
            f"salt/job/{JID}/new",
            f"salt/job/{JID}/publish",
            f"salt/job/{JID}/ret/web1",
            f"salt/job/{JID}/ret/web2",
            f"salt/job/{JID}/prog/web2/0",
            f"salt/job/{JID}/prog/web1/x",
            f"salt/job/{JID}/start/web2",
            "salt/job/a/b/start/web1",
            f"salt/job/{JID}/sub/web1/error/x",
            f"salt/run/{JID}/new",
            f"salt/wheel/{JID}/ret",
            "salt/batch/x/start",
            "salt/cloud/x/created",
            "salt/minion/web2/start",
            "salt/minion/web1/start/x",
            "salt/minion/webX1/start",
            "salt/presence/change",
            "salt/beacon/web2/load",
            "salt/beacon/web1",
            "salt/beacon/web1/",
            "minion/refresh",
            "minion/refresh/web1",
            "syndic",
            "syndic/x",
            "cluster/peer",
            "resource/refresh/web1",
            "txsalt/live/x",
            JID,
            f"{JID}_12",
            f"{JID}/x",
            "salt/cluster/x",
            "salt/unknown",
        ]:
            self.assertFalse(minion_may_fire("web1", tag), tag)
        self.assertFalse(minion_may_fire("w.b1", "salt/minion/web1/start"))
        self.assertFalse(minion_may_fire("web1", b"x"))  # type: ignore[arg-type]
