The master, the minion and the command line speak Salt's wire protocol, version 3, with each other and with stock Salt 3006 and 3008.
