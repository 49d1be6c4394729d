``from txsalt.client import LocalClient, events``: the verbs and shapes of Salt's LocalClient, and the event bus, described in docs/api.md.
