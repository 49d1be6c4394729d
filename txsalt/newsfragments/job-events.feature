Events salt/job/JID/publish, and salt/job/JID/sub/ID/error/FUN for each state that failed.
