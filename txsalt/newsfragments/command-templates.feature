Commands and scripts of the cmd module may be templates of Jinja (`template=jinja`); sys lists state modules of your own and renderers.
