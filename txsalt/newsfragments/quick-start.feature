The command line starts in half the time: ``txsalt-cli ID test.ping`` takes 0.08 s (0.16 before), ``txsalt-cli call --local test.ping`` 0.06 s (0.13), ``--version`` 0.02 s (0.12).
