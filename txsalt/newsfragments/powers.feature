A master checks the token of a minion's first request in a quarter of the time: it leaves the power to OpenSSL.
