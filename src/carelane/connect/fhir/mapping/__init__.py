"""What FHIR resources mean to us, both ways; pure. `outgoing` intents, `permits` writes, `incoming` facts."""
