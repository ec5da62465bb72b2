"""Codes of the second factor are those of RFC 6238, within half a minute of our clock, and never twice."""

from datetime import UTC, datetime

import pytest

from carelane.accounts.factor import STEP_S, address, code_of, step_of

SECRET = b"12345678901234567890"  # the RFC's own


@pytest.mark.parametrize(
    ("second", "code"),
    [
        (59, "287082"),
        (1_111_111_109, "081804"),
        (1_111_111_111, "050471"),
        (1_234_567_890, "005924"),
        (2_000_000_000, "279037"),
        (20_000_000_000, "353130"),
    ],
)
def test_the_rfcs_own_table_holds(second: int, code: str) -> None:
    """RFC 6238, appendix B, the last six of its eight digits."""
    assert code_of(SECRET, second // STEP_S) == code


@pytest.mark.parametrize(
    ("late", "found"),
    [(0, True), (STEP_S, True), (-STEP_S, True), (2 * STEP_S, False), (-2 * STEP_S, False)],
)
def test_a_clock_half_a_minute_off_is_forgiven_and_no_more(late: int, *, found: bool) -> None:
    step = 1_234_567_890 // STEP_S
    now = datetime.fromtimestamp(step * STEP_S + late, tz=UTC)
    assert (step_of(SECRET, code_of(SECRET, step), now, after=0) == step) is found


def test_a_step_that_was_used_and_any_before_it_open_nothing() -> None:
    step = 1_234_567_890 // STEP_S
    now = datetime.fromtimestamp(step * STEP_S, tz=UTC)
    assert step_of(SECRET, code_of(SECRET, step), now, after=step) is None
    assert step_of(SECRET, code_of(SECRET, step - 1), now, after=step) is None
    assert step_of(SECRET, code_of(SECRET, step + 1), now, after=step) == step + 1
    assert step_of(SECRET, "", now, after=0) is None
    assert step_of(SECRET, "12345\N{ARABIC-INDIC DIGIT SIX}", now, after=0) is None


def test_the_address_holds_what_an_authenticator_needs() -> None:
    made = address("Northgate Health", "mina.orlov", SECRET)
    assert made == (
        "otpauth://totp/Northgate%20Health%3Amina.orlov?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Northgate+Health"
    )
