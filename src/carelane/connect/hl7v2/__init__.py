"""HL7 v2: codec and mapping (pure), MLLP transport, and the adapter that joins them."""
