"""The shared vocabulary: ids, codes, canonical facts, problems, errors and the small ports.

Pure. Every other room may import this one; it imports nothing of ours.
"""
