``txsalt-cli status`` and ``manage.up``, ``manage.down``, ``manage.status`` say who is there without asking anybody; ``presence_events`` works.
