`pkg.mod_repo` and `pkg.del_repo` change the repositories of apt, lines and paragraphs, with their keys; `pkg.get_repo` takes whole lines.
