The first target by a grain, an entry of the pillar or a network among ten thousand minions is known in less than 50 ms of a worker's time, not only the second one.
