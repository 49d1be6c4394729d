Minions run jobs by the clock (``schedule`` in their configuration or pillar, ``schedule.*`` functions), with a policy for missed runs and a preview of the next ones.
