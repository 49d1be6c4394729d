twistd returns once the daemon runs, or says at the terminal why it could not start, such as a port in use; the master's log has lines for keys and jobs.
