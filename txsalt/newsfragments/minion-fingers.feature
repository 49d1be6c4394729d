``txsalt-cli call --local key.finger`` shows on a minion's machine the fingerprint that ``txsalt-cli key finger ID`` shows on the master; ``key.finger_master`` that of the master's key.
