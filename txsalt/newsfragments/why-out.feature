``txsalt-cli why`` takes ``--out`` (text, json, yaml) as other commands do; ``--json`` still works.
