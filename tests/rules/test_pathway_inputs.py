"""Inputs and copied fields: paths through lists, codes, reductions, types; what is not listed is missing."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carelane.facts.fact import Json
from carelane.pathways import fields, inputs
from carelane.pathways.definition import Field, Input, InputType, Reduce
from carelane.pathways.guard import Value

PAYLOAD: dict[str, Json] = {
    "result": {
        "status": "final",
        "verified_at": "2026-11-23T07:00:00-05:00",
        "observation": [
            {"interpretation": [{"coding": [{"code": "H"}]}], "valueQuantity": {"value": 6.5}},
            {"interpretation": [{"coding": [{"code": "zz"}, {"code": "HH"}]}]},
            {"interpretation": [{"coding": [{"code": "odd"}]}]},
        ],
    },
    "encounter": {"class": {"code": "IMP"}, "period": {"start": "2026-11-20"}},
    "patient": {"birthDate": "1960-05-01", "active": True, "name": [{"family": "Example"}]},
    "slot": {"visits": "3"},
}
FLAG = Input(
    name="x", path="result.observation.interpretation", codes=("N", "H", "HH"), ordered=True
)

READ = [
    (FLAG, "H"),
    (Input(name="x", path=FLAG.path, codes=FLAG.codes, ordered=True, reduce=Reduce.MAX), "HH"),
    (Input(name="x", path=FLAG.path, codes=("N",)), None),
    (
        Input(name="x", path="encounter.class", codes=("inpatient",), aliases={"imp": "inpatient"}),
        "inpatient",
    ),
    (Input(name="x", path="result.status", codes=("final",)), "final"),
    (Input(name="x", path="result.gone", codes=("final",)), None),
    (Input(name="x", path="result.status.deeper", codes=("final",)), None),
    (Input(name="x", path="result.observation", type=InputType.INTEGER, reduce=Reduce.COUNT), 3),
    (Input(name="x", path="result.note", type=InputType.INTEGER, reduce=Reduce.COUNT), 0),
    (Input(name="x", path="task.form", type=InputType.INTEGER, reduce=Reduce.COUNT), None),
    (Input(name="x", path="result.observation.valueQuantity", type=InputType.DECIMAL), 6.5),
    (Input(name="x", path="result.observation.valueQuantity", type=InputType.INTEGER), None),
    (Input(name="x", path="slot.visits", type=InputType.INTEGER), 3),
    (Input(name="x", path="patient.birthDate", type=InputType.DATE), date(1960, 5, 1)),
    (Input(name="x", path="patient.active", type=InputType.BOOLEAN), True),
    (Input(name="x", path="patient.active", type=InputType.BOOLEAN, reduce=Reduce.ANY), True),
    (
        Input(name="x", path="result.verified_at", type=InputType.INSTANT),
        datetime(2026, 11, 23, 12, tzinfo=UTC),
    ),
    (Input(name="x", path="encounter.period.start", type=InputType.INSTANT), None),
    (Input(name="x", path="patient.name", type=InputType.DATE), None),
]


@pytest.mark.parametrize(("given_", "value"), READ)
def test_pathway_input_reads_one_typed_value(given_: Input, value: Value | None) -> None:
    """Each declared input gives a value of its type and list, or is missing."""
    assert inputs.read({"x": given_}, PAYLOAD) == {"x": value}


def test_pathway_input_outside_its_list_is_reported_without_the_value() -> None:
    """Absent is silent; there but not usable is reported, and the report has no patient data."""
    declared = {
        "kind": Input(name="kind", path="result.status", codes=("other",)),
        "gone": Input(name="gone", path="result.nothing", codes=("other",)),
        "many": Input(
            name="many", path="result.observation", type=InputType.INTEGER, reduce=Reduce.COUNT
        ),
    }
    problems = inputs.report(declared, PAYLOAD)

    assert [one.place for one in problems] == ["result.status"]
    assert "final" not in problems[0].line()


@pytest.mark.parametrize("text", ["1E+9999999", "-1E+9999999", "NaN", "-Infinity", "1e16"])
@pytest.mark.parametrize("kind", [InputType.INTEGER, InputType.DECIMAL])
def test_a_number_beyond_measure_is_unreadable(text: str, kind: InputType) -> None:
    """It ends no decision: decimals would overflow on the first two."""
    assert inputs.read({"x": Input(name="x", path="a.b", type=kind)}, {"a": {"b": text}}) == {
        "x": None
    }


@pytest.mark.invariant("I17")
def test_pathway_raise_only_input_never_goes_down() -> None:
    """A later, lower value does not lower it; a missing one erases nothing."""
    low = Input(
        name="p", path="p", codes=("routine", "urgent", "stat"), ordered=True, raise_only=True
    )
    kept: dict[str, Value | None] = {"p": "urgent"}

    assert inputs.carry({"p": low}, kept, {"p": "routine"}) == {"p": "urgent"}
    assert inputs.carry({"p": low}, kept, {"p": None}) == {"p": "urgent"}
    assert inputs.carry({"p": low}, kept, {"p": "stat"}) == {"p": "stat"}


def test_pathway_fields_keep_the_shape_of_the_source() -> None:
    """Lists stay lists, paths through lists gather, absent fields are left out; roles can be rebuilt."""
    year = timedelta(days=365)

    def field(name: str, path: str) -> Field:
        return Field(name=name, path=path, label=name, authority="ehr", ttl=year)

    declared = {
        "name": field("name", "patient.name"),
        "born": field("born", "patient.birthDate"),
        "flags": field("flags", "result.observation.valueQuantity"),
        "gone": field("gone", "patient.telecom"),
    }
    found = fields.read(fields.copied(declared), PAYLOAD)

    assert found == {
        "name": [{"family": "Example"}],
        "born": "1960-05-01",
        "flags": [{"value": 6.5}],
    }
    again = fields.nested(fields.places(declared, ("name", "born", "flags", "gone")), found)
    assert again == {"patient": {"name": [{"family": "Example"}], "birthDate": "1960-05-01"}}


JSON: st.SearchStrategy[Json] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["a", "b", "code", "coding", "value"]), inner, max_size=3),
    ),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(
    payload=st.dictionaries(st.sampled_from(["a", "b"]), JSON, max_size=2),
    kind=st.sampled_from(InputType),
)
def test_pathway_inputs_never_raise(payload: dict[str, Json], kind: InputType) -> None:
    """Any JSON at the end of a path is a typed value or missing."""
    declared = {
        reduce.value: Input(
            name="x", path="a.b", type=kind, codes=("a",) if kind == "code" else (), reduce=reduce
        )
        for reduce in Reduce
        if reduce is not Reduce.ANY or kind is InputType.BOOLEAN
    }
    values = inputs.read(declared, payload)

    assert values.keys() == declared.keys()
    inputs.report(declared, payload)
