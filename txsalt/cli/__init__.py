"""The txsalt-cli command, one file a sub-command."""
