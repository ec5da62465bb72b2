"""Read models: touches, turnaround, kept and missed clocks, exceptions. Reads only."""
