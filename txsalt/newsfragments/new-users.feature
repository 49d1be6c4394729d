The command line answers a mistake with what was meant, names who failed, and looks for its master where TXSALT_CONFIG_DIR says; a folder given by --config-dir must be there.
