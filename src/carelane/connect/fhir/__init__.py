"""FHIR R4 over HTTP: the EHR's public interface, both ways.

`codec` and `mapping` are pure; `transport`, `auth` and `client` hold the sockets; `adapter` is what `compose` takes.
"""
