"""The two daemons that twistd can run."""

from twisted.application.service import ServiceMaker

master = ServiceMaker("txsalt-master", "txsalt.tap.master", "txsalt master daemon", "txsalt-master")
minion = ServiceMaker("txsalt-minion", "txsalt.tap.minion", "txsalt minion daemon", "txsalt-minion")
