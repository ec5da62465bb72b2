"""What the two rigs over FHIR share: a client whose key the other side knows, and the other side's words for faults."""

from typing import Any, Final, Protocol

from joserfc.jwk import ECKey, KeySet
from yarl import URL

from carelane.connect.fhir.auth import Identity, TokenSource
from carelane.connect.fhir.client import FhirClient
from carelane.connect.fhir.transport import Limits, Wire
from carelane.testing.conformance import sender as suite
from carelane.testing.ehr.tokens import Tokens

FAULTS: Final[dict[str, dict[str, Any]]] = {
    suite.BUSY: {"mode": "429", "retry_after": "17"},
    suite.BUSY_UNTIL: {"mode": "503", "retry_after": "date:90"},
    suite.CUT_AFTER: {"mode": "commit-then-reset"},
    suite.ERROR_AFTER: {"mode": "500-after-commit"},
    suite.HALF_ANSWER: {"mode": "half-json"},
    suite.LYING: {"mode": "outcome-error"},
}


EVERYTHING: Final = "system/*.read system/*.write"


class Issuer(Protocol):
    """Whoever gives tokens to the clients it knows: an EHR, or a payer."""

    @property
    def tokens(self) -> Tokens:
        """Where clients are registered."""
        ...


def signed_client(
    server: Issuer, base: URL, *, limits: Limits | None = None, scope: str = EVERYTHING
) -> FhirClient:
    """A client with a fresh key that the server knows; `scope` is what it asks to be allowed (SMART, `system/...`)."""
    key = ECKey.generate_key("P-384", parameters={"kid": "rig-1"})
    server.tokens.register("carelane", dict(KeySet([key]).as_dict(private=False)))
    identity = Identity(client_id="carelane", key_id="rig-1", key=key, scope=scope)
    wire = Wire(hosts=(base,), limits=limits or Limits())
    return FhirClient(
        base=base, wire=wire, tokens=TokenSource(base=base, identity=identity, wire=wire)
    )
