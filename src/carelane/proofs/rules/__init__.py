"""The rules that every pathway is held to, one module per topic. `catalogue` lists them with a sentence each.

A rule looks at the text of the definition (`of_text`), at every decision of the engine (`of_turn`), or at the whole
walk (`of_walk`); it yields a `Breach` for each place where it does not hold.
"""
