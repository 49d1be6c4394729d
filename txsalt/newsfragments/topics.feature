A job that names a few of many minions is sent to these alone: minions of txsalt listen under topics of their own.
