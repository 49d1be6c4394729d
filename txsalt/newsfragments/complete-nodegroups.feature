After ``-N`` the shell completes names of nodegroups.
