The execution modules ``file`` and ``cp`` are native: files are replaced in one step, and fetched files are resumed where they were cut off and verified.
