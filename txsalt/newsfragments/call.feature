``txsalt-cli call [--local] FUNCTION`` runs a function on this machine, with or without a master.
