"""Why a release may not be put in force in a scope, whoever asks. Pure; `activate` asks before it writes."""

from dataclasses import dataclass

from carelane.directory.snapshot import Snapshot
from carelane.engine.releases import Activation, Releases
from carelane.engine.scope import Scope
from carelane.pathways.definition import Definition
from carelane.releases.evidence import Judged, Proven, Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A release, where, who wants it and why; and the report of a back-test, if one was made."""

    release: Definition
    scope: Scope
    person: str
    reason: str
    report: Judged | None = None


def refusal(wish: Wish, proven: Proven, releases: Releases, directory: Snapshot) -> Refused | None:
    """Why this release may not be in force there, whoever asks; None if nothing speaks against it."""
    checks = (
        _unplaced(wish, directory),
        _outside(wish),
        _unlaned(wish),
        _recalled(wish, releases),
        _unproved(wish, proven),
        _judged(wish, releases),
        _tied(wish, releases),
        _already(wish, releases),
    )
    return next((each for each in checks if each is not None), None)


def _unplaced(wish: Wish, directory: Snapshot) -> Refused | None:
    scope = wish.scope
    known = {"site": directory.sites, "service line": directory.service_lines}
    for what, name in (("site", scope.site), ("service line", scope.service_line)):
        if name and name not in known[what]:
            return Refused(code="unknown-place", sentence=f"No {what} is called {name}.",
                           remedy=f"Use one of: {', '.join(known[what])}.")  # fmt: skip
    return None


def _outside(wish: Wish) -> Refused | None:
    """An overlay, or a release made for one place, is in force nowhere else."""
    limits = Scope(**dict(wish.release.only_for))
    if wish.scope.within(limits):
        return None
    return Refused(
        code="outside-its-place",
        sentence=f"This release is made for {limits.words()} only.",
        remedy=f"Name that: {_flags(limits)}.",
    )


def _unlaned(wish: Wish) -> Refused | None:
    for key in ("referral_type", "scheduling_lane"):
        code, name = wish.scope.parts().get(key), wish.release.lanes.get(key)
        if code is None:
            continue
        codes = _codes(wish.release, name or "")
        if code not in codes:
            says = f"It reads {', '.join(codes)}." if codes else "It has no `lanes` that say one."
            return Refused(
                code="unknown-lane",
                sentence=f"This release reads no {key.replace('_', ' ')} {code}.",
                remedy=f"{says} Use one of these, or declare `lanes: {{ {key}: input }}`.",
            )
    return None


def _codes(definition: Definition, name: str) -> tuple[str, ...]:
    given = definition.inputs.get(name) or definition.variables.get(name)
    if given is not None:
        return given.codes
    return next(
        (table.codes[name] for table in definition.tables.values() if name in table.codes), ()
    )


def _recalled(wish: Wish, releases: Releases) -> Refused | None:
    if wish.release.digest not in releases.recalled:
        return None
    return Refused(code="recalled", sentence="This release was recalled.",
                   remedy="Publish a corrected version, and put that in force.")  # fmt: skip


def unfit(release: Definition, releases: Releases) -> Refused | None:
    """Running cases go only to a release that two people put in force somewhere, and that was not recalled."""
    if release.digest in releases.recalled:
        return Refused(
            code="recalled",
            sentence="The release to move to was recalled.",
            remedy="Name another one.",
        )
    if all(each.release != release.digest for each in releases.activations):
        return Refused(
            code="not-in-force",
            sentence="The release to move to is in force nowhere.",
            remedy="Put it in force first: that is when two people and a proof stand behind it.",
        )
    return None


def _unproved(wish: Wish, proven: Proven) -> Refused | None:
    if proven.holds and proven.release == wish.release.digest:
        return None
    return Refused(
        code="not-proved",
        sentence=f"The release is {proven.verdict}: {proven.says}",
        remedy="Mend the pathway until `carelane pathway prove` says proved.",
    )


def _judged(wish: Wish, releases: Releases) -> Refused | None:
    """A report must be about this release against the one in force there, and must not block."""
    report, against = wish.report, holding(wish.release.name, wish.scope, releases)
    if report is None:
        return None
    if report.release != wish.release.digest or (against and report.against != against):
        return Refused(code="other-report", sentence="The report compares other releases than these.",
                       remedy="Run `carelane pathway backtest` again, with these two.")  # fmt: skip
    if report.blocks:
        return Refused(
            code="back-test-blocks",
            sentence=f"The back-test blocks it: {'; '.join(report.blocks)}.",
            remedy="Change the release so that no red-flag case is routed down, and test it again.",
        )
    return None


def _tied(wish: Wish, releases: Releases) -> Refused | None:
    for each in _of_pathway(wish, releases):
        if wish.scope.ties(each.scope):
            return Refused(
                code="tie",
                sentence=f"A release is in force for {each.scope.words()}, and one fact could lie in both.",
                remedy=f"Name a scope within it or around it, for example {_flags(_join(wish.scope, each.scope))}.",
            )
    return None


def _already(wish: Wish, releases: Releases) -> Refused | None:
    if here(wish, releases) != wish.release.digest:
        return None
    return Refused(code="in-force", sentence=f"It is in force there already ({wish.scope.words()}).",
                   remedy="Nothing is left to do.")  # fmt: skip


def _of_pathway(wish: Wish, releases: Releases) -> list[Activation]:
    return [
        each
        for each in releases.activations
        if each.pathway == wish.release.name and each.to_at is None
    ]


def here(wish: Wish, releases: Releases) -> str:
    """What is in force in exactly this scope."""
    return next(
        (each.release for each in _of_pathway(wish, releases) if each.scope == wish.scope), ""
    )


def holding(pathway: str, scope: Scope, releases: Releases) -> str:
    """What holds in a scope now: the release in force for the narrowest scope around it."""
    around = [
        each
        for each in releases.activations
        if each.pathway == pathway and each.to_at is None and scope.within(each.scope)
    ]
    return max(around, key=lambda each: len(each.scope.parts())).release if around else ""


def _join(one: Scope, other: Scope) -> Scope:
    return Scope(**{**one.parts(), **other.parts()})


def _flags(scope: Scope) -> str:
    return " ".join(f"--{name.replace('_', '-')} {value}" for name, value in scope.parts().items())
