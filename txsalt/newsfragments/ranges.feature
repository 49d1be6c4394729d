Targets by range (-R, R@) ask a plug-in of the master's.
