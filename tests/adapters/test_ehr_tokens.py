"""The synthetic EHR's authorisation server refuses what SMART Backend Services refuses (TRUST 26)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, RSAKey

from carelane.testing.ehr.tokens import Tokens

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
AUDIENCE = "https://ehr.example/token"
KEY = ECKey.generate_key("P-384", {"kid": "k1"})
OTHER = ECKey.generate_key("P-384", {"kid": "k1"})
KIND = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def public(*keys: ECKey | RSAKey) -> dict[str, Any]:
    return dict(KeySet(list(keys)).as_dict(private=False))


@pytest.fixture
def tokens() -> Tokens:
    made = Tokens()
    made.register("carelane", public(KEY))
    return made


def form(
    key: ECKey | RSAKey = KEY, *, algorithm: str = "ES384", life: int = 240, **claims: Any
) -> dict[str, str]:
    issued = int(NOW.timestamp())
    own = {"iss": "carelane", "sub": "carelane", "aud": AUDIENCE, "jti": "1", "exp": issued + life}
    signed = jwt.encode(
        {"alg": algorithm, "kid": "k1"},
        {**own, **claims},
        key,
        algorithms=["ES384", "RS384", "ES256", "HS256"],
    )
    return {
        "grant_type": "client_credentials",
        "client_assertion_type": KIND,
        "client_assertion": signed,
        "scope": "system/*.read",
    }


def ask(tokens: Tokens, asked: dict[str, str]) -> dict[str, Any] | str:
    return tokens.issue(asked, audience=AUDIENCE, now=NOW)


def test_a_good_assertion_gets_a_token_for_its_scope_and_time(tokens: Tokens) -> None:
    """Reading is allowed, writing is outside the scope, and it ends."""
    issued = ask(tokens, form())
    assert isinstance(issued, dict)
    bearer = f"Bearer {issued['access_token']}"
    assert tokens.allowed(bearer, writing=False, now=NOW) == 200
    assert tokens.allowed(bearer, writing=True, now=NOW) == 403
    assert tokens.allowed(bearer, writing=False, now=NOW + timedelta(minutes=5)) == 401
    assert tokens.allowed("Bearer nothing", writing=False, now=NOW) == 401


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        (form(aud="https://elsewhere.example/token"), "invalid_client"),
        (form(life=-60), "invalid_client"),
        (form(life=3600), "invalid_client"),
        (form(sub="somebody"), "invalid_client"),
        (form(iss="stranger", sub="stranger"), "invalid_client"),
        (form(jti=""), "invalid_client"),
        (form(OTHER), "invalid_client"),
        (form() | {"client_assertion": "nonsense"}, "invalid_client"),
        (form() | {"client_assertion_type": "password"}, "invalid_request"),
        (form() | {"grant_type": "password"}, "unsupported_grant_type"),
        (form() | {"scope": "openid"}, "invalid_scope"),
    ],
)
def test_each_defect_is_refused(tokens: Tokens, asked: dict[str, str], error: str) -> None:
    """Audience, time, length, subject, client, nonce, key, kind: one defect is enough."""
    assert ask(tokens, asked) == error
    assert tokens.issued == 0


def test_an_assertion_is_good_once(tokens: Tokens) -> None:
    """A replayed `jti` is refused; a new one is not."""
    assert isinstance(ask(tokens, form()), dict)
    assert ask(tokens, form()) == "invalid_client"
    assert isinstance(ask(tokens, form(jti="2")), dict)


def test_an_old_key_is_refused_after_rotation(tokens: Tokens) -> None:
    newer = ECKey.generate_key("P-384", {"kid": "k1"})
    tokens.register("carelane", public(newer))
    assert ask(tokens, form()) == "invalid_client"
    assert isinstance(ask(tokens, form(newer, jti="2")), dict)


def test_one_client_cannot_sign_for_another(tokens: Tokens) -> None:
    """A key of one registered client under the name of the other is refused."""
    key = ECKey.generate_key("P-384", {"kid": "k1"})
    tokens.register("second", public(key))
    assert ask(tokens, form(key)) == "invalid_client"
    assert isinstance(ask(tokens, form(key, iss="second", sub="second")), dict)


def test_rs384_is_good_and_weaker_algorithms_are_not(tokens: Tokens) -> None:
    rsa = RSAKey.generate_key(2048, {"kid": "k1"})
    tokens.register("carelane", public(rsa))
    assert isinstance(ask(tokens, form(rsa, algorithm="RS384")), dict)
    short = ECKey.generate_key("P-256", {"kid": "k1"})
    tokens.register("carelane", public(short))
    assert ask(tokens, form(short, algorithm="ES256", jti="2")) == "invalid_client"


@pytest.mark.parametrize(
    ("behind_s", "good"), [(-3700, False), (-3500, True), (0, True), (3800, True), (3900, False)]
)
def test_how_far_the_clocks_may_be_apart_is_the_servers_to_say(
    behind_s: int, *, good: bool
) -> None:
    """The run of days lets its clocks be apart by as much as one asks the other to move."""
    tokens = Tokens(skew=timedelta(hours=1))
    tokens.register("carelane", public(KEY))
    asked = form(exp=int(NOW.timestamp()) + 240 - behind_s)
    assert isinstance(ask(tokens, asked), dict) is good
