"""What is promised of a run of days, counted from the committed history and from what the other side saw.

Pure but for `reading`, which holds the statements. Each figure names what it counts, so that a nought can be believed.
"""
