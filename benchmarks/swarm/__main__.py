"""Run ``txsalt-cli swarm`` with the words given."""

import sys

from txsalt.cli.main import main

sys.exit(main(["swarm", *sys.argv[1:]]))
