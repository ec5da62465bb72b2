"""The pathway language: definitions as data, guards, decision tables, calendars and pictures.

Pure: text in, `(definition, problems)` out. What runs a definition is `cases.step`.
"""
