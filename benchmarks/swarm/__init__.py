"""``python -m benchmarks.swarm``: the swarm of ``txsalt-cli swarm``, from a checkout."""
