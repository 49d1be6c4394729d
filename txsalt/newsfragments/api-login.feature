``LocalClient`` and ``RunnerClient`` log in with ``token``, or ``eauth``, ``username`` and ``password``, for one call or for all of them (docs/api.md).
