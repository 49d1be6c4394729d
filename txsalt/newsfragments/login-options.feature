job, why and status take the options that say who asks (-a, --username, --token).
