"""What people do with tasks: list, claim, complete, hand over, reassign, escalate, snooze, undo."""
