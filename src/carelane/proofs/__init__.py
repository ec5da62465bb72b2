"""What can be shown of a pathway before it is in force: proofs that drive `cases.step`.

Pure: recorded facts and definitions come as arguments; nothing is stored or sent.
"""
