The result of `txsalt-cli call` also goes to the returners of `--return` and of the option `return`.
