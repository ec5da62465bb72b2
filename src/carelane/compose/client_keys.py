"""Client keys for SMART Backend Services: made once, the public half as a JWKS (RFC 7517) beside the private one."""

import os
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc.jwk import ECKey


def make(file: Path, *, key_id: str) -> Path:
    """Make a P-384 key for ES384; the path of its JWKS."""
    file.parent.mkdir(parents=True, exist_ok=True)
    private = ec.generate_private_key(ec.SECP384R1())
    pem = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(pem)
    public = ECKey.import_key(pem).as_dict(private=False, kid=key_id, use="sig", alg="ES384")
    jwks = file.with_suffix(".jwks.json")
    jwks.write_bytes(msgspec.json.encode({"keys": [public]}))
    return jwks
