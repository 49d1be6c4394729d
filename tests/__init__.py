"""Tests of the room of the same name."""

from hypothesis import HealthCheck, settings

# An example takes as long as a busy machine makes it take: no verdict hangs on that.
settings.register_profile("txsalt", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("txsalt")
