A change of the schedule is told on the minion's own event bus under Salt's tags, and the event `manage_schedule` changes it.
