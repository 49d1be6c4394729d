"""When scheduled jobs run: pure functions of a job, its past and the time."""
