Runners jobs.active, print_job, exit_success, last_run, list_jobs_filter and the manage.* that ask who is there.
