"""What a person wrote is what its field asks for, or it is refused by the field's name (I17)."""

from zoneinfo import ZoneInfo

import pytest

from carelane.facts.fact import Json
from carelane.pathways.definition import FormField, TaskKind
from carelane.portal.forms import FIELD, Form, clock_of
from carelane.worklist.fitting import TEXT_MAX, too_long, unfit

NEW_YORK = ZoneInfo("America/New_York")


def kind(type_: str) -> TaskKind:
    options = ("a", "b") if type_ == "code" else ()
    field = FormField(name="one", label="One", type=type_, options=options)
    return TaskKind(
        name="do",
        title="Do",
        outcomes=("done", "could-not-do"),
        could_not="could-not-do",
        reasons=("other",),
        form=(field,),
        shows=(),
    )


@pytest.mark.parametrize(
    ("type_", "given"),
    [
        ("boolean", "false"), ("boolean", "no"), ("boolean", 1), ("boolean", [False]), ("boolean", {}),
        ("text", "  "), ("text", ["x"]), ("text", True), ("person", 7), ("code", ["a"]),
        ("date", "tomorrow"), ("date", "2026-02-30"), ("date", "2026-11-30T10:00"),
        ("instant", "2026-12-01T10:00"), ("instant", "soon"), ("date", "0026-11-30"), ("date", "9999-12-31"),
        ("instant", "0026-12-01T10:00:00-05:00"), ("instant", "9999-12-31T23:59:00Z"),
    ],
)  # fmt: skip
def test_a_value_of_another_type_is_refused_by_the_fields_name(type_: str, given: Json) -> None:
    """A read-back of "no" is none; a time without its offset could be any of twenty-four."""
    refused = unfit(kind(type_), {"one": given})
    assert refused is not None
    assert (refused.code, refused.fields) == ("form-unfit", ("one",))


@pytest.mark.parametrize(
    ("type_", "given"),
    [
        ("boolean", True), ("boolean", False), ("text", "words"), ("text", 30), ("person", "hugo.lindqvist"),
        ("code", "a"), ("date", "2026-11-30"), ("instant", "2026-12-01T10:00:00-05:00"),
        ("instant", "2026-12-01T15:00:00Z"), ("instant", ""), ("boolean", None),
    ],
)  # fmt: skip
def test_a_value_of_the_fields_type_is_taken(type_: str, given: Json) -> None:
    """Nothing at all is a matter of what the outcome needs."""
    assert unfit(kind(type_), {"one": given}) is None


@pytest.mark.parametrize(("name", "nearest"), [("ome", ("one",)), ("Quimbly", ())])
def test_a_field_that_the_form_does_not_have_is_refused_with_those_it_has(
    name: str, nearest: tuple[str, ...]
) -> None:
    """Passed over, what was written there would be lost; it is not said again, since it may hold anything."""
    refused = unfit(kind("text"), {"one": "words", name: "more words"})
    assert refused is not None
    assert (refused.code, refused.fields) == ("form-unknown", nearest)
    assert "`one`" in refused.remedy
    assert name not in refused.remedy


def test_a_text_over_the_limit_is_refused_by_its_field_and_never_cut() -> None:
    """What a person wrote is kept whole, or not at all."""
    assert too_long({"one": "x" * TEXT_MAX, "two": True}) is None
    refused = too_long({"one": "fits", "two": "x" * (TEXT_MAX + 1)})
    assert refused is not None
    assert (refused.code, refused.fields) == ("text-length", ("two",))
    assert str(TEXT_MAX) in refused.remedy
    assert len(Form({"text": "x" * 3 * TEXT_MAX}).text("text")) == 3 * TEXT_MAX


def test_a_time_typed_into_a_page_is_one_of_the_pages_wall_clock() -> None:
    """A browser's field for a time sends no offset; what was said is shown again as it was typed."""
    form = Form({f"{FIELD}one": "2026-12-01T10:00"}).of_task(kind("instant"), NEW_YORK)
    assert form == {"one": "2026-12-01T10:00:00-05:00"}
    assert unfit(kind("instant"), form) is None
    assert clock_of(form["one"], NEW_YORK) == "2026-12-01T10:00"
    assert clock_of("0026-12-01T15:00:00Z", ZoneInfo("UTC")) == "0026-12-01T15:00"
    assert clock_of("9999-12-31T23:59:00Z", ZoneInfo("Asia/Tokyo")) == ""
    assert clock_of(None, NEW_YORK) == clock_of("soon", NEW_YORK) == ""
