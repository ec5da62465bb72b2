"""Keys made once: of clients (SMART Backend Services, the public half as a JWKS beside), and secrets of channels."""

import secrets
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc.jwk import ECKey

from carelane.store.private_file import write_once


def make(file: Path, *, key_id: str) -> Path:
    """Make a P-384 key for ES384; the path of its JWKS."""
    file.parent.mkdir(parents=True, exist_ok=True)
    private = ec.generate_private_key(ec.SECP384R1())
    pem = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    public = ECKey.import_key(pem).as_dict(private=False, kid=key_id, use="sig", alg="ES384")
    jwks = file.with_suffix(".jwks.json")
    jwks.write_bytes(msgspec.json.encode({"keys": [public]}))
    write_once(file, pem)  # last: who is ended before it makes both anew
    return jwks


def make_secret(file: Path) -> None:
    """Make a secret of 64 letters that only its owner can read."""
    file.parent.mkdir(parents=True, exist_ok=True)
    write_once(file, secrets.token_hex(32).encode())
