"""The core: `step(definitions, view, late, fact, now) -> Step`, pure, total and deterministic (SEMANTICS 2).

`model` holds the data, `step` decides, `engine.drain` runs it, `store.commit` writes what it answers.
"""
