"""What proves, afterwards, who or what changed something: leaves, trees, checkpoints, recounts.

Pure. The store writes leaves in the transaction of the change; the engine's sequencer numbers
them, grows the tree and signs checkpoints. `verify/carelane_verify.py` checks all of it without
this package.
"""
