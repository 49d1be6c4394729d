Output as ``table``, ``jsonl`` and ``json-v1`` (a versioned schema, docs/output.md), ``--out-file``, ``--subset``, ``--preview-target``, ``--deadline``, and a progress line on terminals.
