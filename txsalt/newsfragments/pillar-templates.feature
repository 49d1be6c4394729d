Pillar files are templates of Jinja (docs/pillar.md), with Salt's filters, statements and names; names in top files and includes may be patterns, includes may give `defaults`.
