"""The two daemons that twistd can run."""

from twisted.application.service import ServiceMaker

master = ServiceMaker(
    "txsalt-master",
    "txsalt.tap.master",
    "Salt-compatible master: publishes jobs, gathers returns.",
    "txsalt-master",
)
minion = ServiceMaker(
    "txsalt-minion",
    "txsalt.tap.minion",
    "Salt-compatible minion: runs what its master asks for.",
    "txsalt-minion",
)
