Jobs that are asked for at the same time share a commit and leave the master together, which costs it about half of the processor time of each.
