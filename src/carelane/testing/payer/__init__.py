"""A payer that answers prior authorisations over FHIR (Da Vinci PAS), as a server of its own.

Seeded: the same claims get the same answers. It can be made to fail in each way that an outside system fails.
"""
