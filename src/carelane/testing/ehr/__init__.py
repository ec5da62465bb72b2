"""A synthetic EHR: FHIR R4 over HTTP with SMART Backend Services, in two profiles, with faults on demand.

A program of its own (`python -m carelane.testing.ehr`); every patient in it is invented.
"""
