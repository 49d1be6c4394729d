"txsalt-cli swarm -c DIR" finds a master on this machine, and its keys, by the master's configuration; docs/operating.md tells how to plan capacity with it.
