A master answers the first request of a minion's session in half of the time: it leaves the power of the token to OpenSSL.
