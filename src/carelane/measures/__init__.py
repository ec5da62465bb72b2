"""Read models of the work: open work, turnaround, breaches, overrides; and the names of all metrics. Never writes."""
