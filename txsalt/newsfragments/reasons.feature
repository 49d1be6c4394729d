Whoever did not answer is named with the reason, and ``txsalt-cli why JID`` tells it at any time; each reason has a word and an exit code of its own.
