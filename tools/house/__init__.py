"""Rules of the house as functions: sources in, findings out. `tests/house` plants a violation of each."""
