"""Where a copied field can be opened: by the record's own id, else by its number, and only by an http(s) pattern."""

import pytest

from carelane.casebook.records import Record, address
from carelane.directory.snapshot import ConnectionRow
from carelane.facts.phi import Phi

LINK, FIND = (
    "https://ehr.example/app/{resource}/{id}",
    "https://ehr.example/find/{resource}?no={identifier}",
)


def _row(name: str, **settings: str) -> ConnectionRow:
    return ConnectionRow(name=name, kind="fhir", site="", settings=settings)


def _record(connection: str, *, key: str = "", number: str = "") -> Record:
    return Record(
        kind="ServiceRequest", connection=connection, id=key, number=Phi(number, "number")
    )


@pytest.mark.parametrize(
    ("record", "wanted"),
    [
        (_record("ehr", key="r-12"), "https://ehr.example/app/ServiceRequest/r-12"),
        (_record("ehr", key="r/../12", number="R 9&x"), "https://ehr.example/find/ServiceRequest?no=R%209%26x"),
        (_record("mllp", number="R9"), "https://ehr.example/find/ServiceRequest?no=R9"),
        (_record("mllp", key="r-12"), ""),  # an id of another system means nothing in the EHR
        (_record("mllp"), ""),
    ],
)  # fmt: skip
def test_a_record_is_opened_by_its_own_id_or_found_by_its_number(
    record: Record, wanted: str
) -> None:
    rows = {"mllp": _row("mllp"), "ehr": _row("ehr", record_link=LINK, record_find=FIND)}
    assert address(record, "ehr", rows) == wanted


def test_the_connection_named_as_authority_goes_before_others() -> None:
    rows = {"lab": _row("lab", record_find="https://lab.example/{identifier}"),
            "ehr": _row("ehr", record_find=FIND)}  # fmt: skip
    assert address(_record("mllp", number="7"), "ehr", rows).startswith("https://ehr.example")


@pytest.mark.parametrize("pattern", ["", "javascript:alert({identifier})", "data:{identifier}"])
def test_no_other_scheme_opens_anything(pattern: str) -> None:
    rows = {"ehr": _row("ehr", record_link=pattern, record_find=pattern)}
    assert address(_record("ehr", key="1", number="1"), "ehr", rows) == ""
