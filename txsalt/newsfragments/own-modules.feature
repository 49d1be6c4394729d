Minions run execution, grains and utility modules of your own, synced from the master; and with ``pip install txsalt[salt]`` every module of Salt's and of saltexts that txsalt lacks.
