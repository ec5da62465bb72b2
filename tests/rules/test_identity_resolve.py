"""Whose message it is (SEMANTICS 3): a table a registrar can read, and properties."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carelane.facts.ids import name_id
from carelane.identity.resolve import Known, Verdict, contradicts, differences, resolve

ADAMS = {"family": "f1", "birth_date": "b1", "sex": "s1"}
ANNA, BEN = name_id("anna"), name_id("ben")


def known(token: str, subject: UUID, **demographics: str) -> dict[str, Known]:
    return {token: Known(identity=name_id(token), subject=subject, demographics=demographics)}


TABLE = [
    # links, tokens sent, demographics sent, verdict, reason, subject, new links
    ({}, [], ADAMS, "person", "no-identifier", None, ()),
    ({}, ["", ""], ADAMS, "person", "no-identifier", None, ()),
    ({}, ["m1", "m1", "n1"], ADAMS, "new", "", None, ("m1", "n1")),
    (known("m1", ANNA, **ADAMS), ["m1"], ADAMS, "known", "", ANNA, ()),
    (known("m1", ANNA, **ADAMS), ["n1", "m1"], ADAMS, "known", "", ANNA, ("n1",)),
    (known("m1", ANNA, **ADAMS), ["m1"], {}, "known", "", ANNA, ()),
    (known("m1", ANNA), ["m1"], ADAMS, "known", "", ANNA, ()),
    (known("m1", ANNA, **ADAMS), ["m1"], {**ADAMS, "family": "x"}, "known", "", ANNA, ()),
    (known("m1", ANNA, **ADAMS), ["m1"], {**ADAMS, "birth_date": "x"}, "known", "", ANNA, ()),
    (
        known("m1", ANNA, **ADAMS),
        ["m1"],
        {**ADAMS, "family": "x", "birth_date": "x"},
        "person",
        "demographics",
        None,
        (),
    ),
    (known("m1", ANNA) | known("m2", BEN), ["m1", "m2"], {}, "person", "contradiction", None, ()),
]


@pytest.mark.parametrize(("links", "tokens", "sent", "verdict", "reason", "subject", "new"), TABLE)
def test_identity_table(  # noqa: PLR0917  # one column each
    links: dict[str, Known],
    tokens: list[str],
    sent: dict[str, str],
    verdict: str,
    reason: str,
    subject: UUID | None,
    new: tuple[str, ...],
) -> None:
    """Each row of the table holds."""
    found = resolve(links, tokens, sent)
    assert (found.verdict, found.reason, found.subject, found.unknown) == (
        Verdict(verdict),
        reason,
        subject,
        new,
    )


def test_a_suspected_duplicate_works_at_once_and_is_asked_about() -> None:
    """The same name, birth date and sex under a new identifier: a new subject and a question."""
    anna = Known(identity=name_id("m1"), subject=ANNA, demographics=ADAMS)
    partly = Known(identity=name_id("m2"), subject=BEN, demographics={"family": "f1"})
    found = resolve({}, ["m9"], ADAMS, alike=[anna, anna, partly])
    assert (found.verdict, found.suspected) == (Verdict.NEW, (ANNA,))


def test_several_subjects_are_named_for_the_person_who_decides() -> None:
    """Who must choose sees between whom, in the order sent."""
    found = resolve(known("m1", BEN) | known("m2", ANNA), ["m2", "m1"], {})
    assert found.subjects == (ANNA, BEN)


tokens = st.dictionaries(st.sampled_from(["family", "birth_date", "sex"]), st.sampled_from("abc"))


@given(tokens, tokens)
def test_contradiction_is_symmetric_and_needs_two_differences(
    one: dict[str, str], two: dict[str, str]
) -> None:
    """Either side may be the newer one; what is unknown on one side contradicts nothing."""
    assert contradicts(one, two) == contradicts(two, one)
    assert contradicts(one, two) == (len(differences(one, two)) >= 2)
    assert not contradicts(one, {})
    assert not contradicts(one, one)
