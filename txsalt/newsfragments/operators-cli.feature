``txsalt-cli job`` lists, shows, waits for, kills, repeats and exports jobs; ``txsalt-cli event`` watches, replays and fires events; ``txsalt-cli completion`` prints scripts for bash, zsh and fish.
