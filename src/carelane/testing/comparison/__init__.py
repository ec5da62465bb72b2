"""The same arrivals worked with Carelane and with a naive shared pool: a seeded model, not a study.

It compares two ways of handing out the same work to the same people. What it says rests on the assumptions in
`assumptions`, which are printed beside every result; it claims nothing about patients or about any real hospital.
"""
