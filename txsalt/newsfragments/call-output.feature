`txsalt-cli call` has `--out table`, `jsonl` and `json-v1`, `--out-file` and `--out-file-append`.
