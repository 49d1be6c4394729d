Minions have service, pkg, user, group, cron, hosts, mount, disk, ps, network and system of their own, with the answers of Salt's modules of these names.
