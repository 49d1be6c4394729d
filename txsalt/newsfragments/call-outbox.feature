A master that goes away during `txsalt-cli call` gets the result when it is back, if a minion runs on the machine: its outbox keeps it.
