"""How much of a processor a piece of work takes, on machines that do other things too."""

import time
from collections.abc import Callable

# A neighbour on the same processor slows a round down, and none makes it faster: one round that
# keeps to the bound shows that the work can be done in it.
ROUNDS = 5


def least_seconds(work: Callable[[], object], enough: float) -> float:
    """Return the processor time, in seconds, of the first round that takes less than ``enough``.

    If none does, it is the least of all rounds.
    """
    least = float("inf")
    for _ in range(ROUNDS):
        began = time.process_time()
        work()
        least = min(least, time.process_time() - began)
        if least < enough:
            break
    return least
