"""txsalt: remote execution and configuration on Twisted, speaking Salt's wire protocol."""

__version__ = "0.1.0.dev0"
