"""Every waiting state gives a measurement, and labels come from closed vocabularies only."""

from carelane.measures.coverage import Mark, marks, unmeasured
from carelane.measures.names import BY_NAME, METRICS, faults, known_of
from carelane.testing.core.pathways import critical, referral

KNOWN = known_of([referral(), critical()], ["ehr"])


def test_metrics_are_listed_once() -> None:
    assert len(BY_NAME) == len(METRICS)


def test_a_label_outside_its_vocabulary_is_refused() -> None:
    good = {"connection": "ehr", "capability": "ehr.referral.update", "state": "done"}
    assert faults("carelane_effects_total", good, KNOWN) == ()
    assert faults("carelane_effects_total", good | {"connection": "Smith, John"}, KNOWN)
    assert faults("carelane_effects_total", good | {"patient": "x"}, KNOWN)
    assert faults("carelane_effects_total", {}, KNOWN)
    assert faults("carelane_unknown", {}, KNOWN)


def test_a_state_that_gives_no_measurement_is_named() -> None:
    started = [
        Mark(
            name="carelane_steps_started_total",
            labels={"state": f"referral/{name}", "actor": "person"},
        )
        for name, state in referral().states.items()
        if not state.final and name != "waiting"
    ]
    assert unmeasured(referral(), started) == ("waiting",)
    assert callable(marks)
