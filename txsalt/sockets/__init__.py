"""The only room that imports txzmq."""
