"""
What the minion daemon needs of a reactor.
"""

from twisted.internet.interfaces import IReactorThreads

from txsalt.process.interfaces import IProcessReactor


class IMinionReactor(IProcessReactor, IReactorThreads):
    """Time, threads for blocking look-ups, and programs."""
