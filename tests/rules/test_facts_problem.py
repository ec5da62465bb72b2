"""Problems: place, words, remedy, and whose fault, on one line."""

import pytest

from carelane.facts.errors import CarelaneError, LocalFault, RemoteFault, SetupFault
from carelane.facts.fact import Urgency
from carelane.facts.phi import PhiRefused
from carelane.facts.problem import Fault, Problem, Severity


def test_a_problem_is_one_line_with_place_and_remedy() -> None:
    problem = Problem(
        code="hl7v2.no-control-id",
        place="MSH-10",
        message="The message has no control id.",
        remedy="Ask the sender to fill MSH-10.",
        severity=Severity.WARNING,
    )
    assert problem.line() == (
        "warning MSH-10 hl7v2.no-control-id: The message has no control id. "
        "Remedy: Ask the sender to fill MSH-10."
    )


def test_a_problem_is_the_senders_error_unless_said_otherwise() -> None:
    problem = Problem(code="x", place="MSH", message="m", remedy="r")
    assert (problem.severity, problem.fault) == (Severity.ERROR, Fault.SENDER)


@pytest.mark.parametrize("error", [LocalFault, RemoteFault, SetupFault, PhiRefused])
def test_every_error_has_a_code_of_its_own_and_an_instruction(error: type[CarelaneError]) -> None:
    assert error.code != CarelaneError.code
    assert error.__doc__


def test_urgency_is_ordered_so_that_rules_can_only_raise_it() -> None:
    assert Urgency.ROUTINE < Urgency.URGENT < Urgency.ASAP < Urgency.STAT
    assert max(Urgency.STAT, Urgency.ROUTINE) is Urgency.STAT
