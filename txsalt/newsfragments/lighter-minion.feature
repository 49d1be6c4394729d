An idle minion keeps 3 MiB less: its zygote loads only what every job needs.
