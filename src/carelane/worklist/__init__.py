"""Work in front of people: list, claim, complete, hand over, reassign, escalate, snooze, undo (SEMANTICS 5).

Rights are asked before (`accounts`, `access`). What only marks a task is one conditional UPDATE here; what
changes a case is a fact, decided at once by `engine.decide`.
"""
