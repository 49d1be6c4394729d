Batches of the Python API (cmd_batch) are carried on by the master; users without the event bus can watch batches; job rerun of a batch keeps its plan.
