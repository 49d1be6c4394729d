Results also go to SQLite, PostgreSQL, syslog, files and web servers (``--return``), by way of an outbox on disk: a returner that is down gets them when it is back.
