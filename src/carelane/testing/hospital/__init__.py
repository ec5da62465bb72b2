"""The synthetic hospital: a program of its own that talks over sockets only (`python -m carelane.testing.hospital`).

`script` says what happens, `staff` works through the API, `smtp` takes alerts, `program` puts them together
with the EHR of `testing.ehr`.
"""
