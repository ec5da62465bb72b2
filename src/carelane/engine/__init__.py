"""When things run: turns, drainers, dispatchers, periodic work, the clock, process health.

Doors: `deliver` (a fact into its subject's inbox), `decide` (a person's action, answered at once),
`drain` (one batch of turns), `loop` (what a process keeps running).
"""
