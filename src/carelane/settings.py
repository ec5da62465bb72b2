"""Settings: read once, here, from the environment and flags, into frozen dataclasses. For `compose` and `cli` only."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path

from carelane.facts.errors import SetupFault

_ROOT = Path(__file__).resolve().parents[2]


class SettingFault(SetupFault):
    """A setting is not what it must be; the message names it, its value's problem and an example."""

    code = "setting"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All there is to set. Each field is also `CARELANE_<NAME>` and a flag `--<name>`.

    Ports do not collide with common servers' defaults. `database_url` is the owner role's address of an external
    PostgreSQL; empty starts the embedded one in `home`.
    """

    home: Path = Path(".carelane")
    database_url: str = field(default="", repr=False)
    database_app_url: str = field(default="", repr=False)  # roles an administrator made himself
    database_worker_url: str = field(default="", repr=False)
    database_audit_url: str = field(default="", repr=False)
    site: Path = _ROOT / "site"
    pathways: Path = _ROOT / "pathways"
    templates: Path = _ROOT / "templates"
    notes: Path = _ROOT / "notes"
    openings: Path = _ROOT / "openings"
    policies: Path = _ROOT / "policies"
    key_file: Path = Path("keys.json")  # in `home` unless absolute
    checkpoints: Path = Path("checkpoints")  # in `home` unless absolute; keep it on another disk
    host: str = "127.0.0.1"
    portal_port: int = 20480
    health_port: int = 20481  # the first process; each further one adds one
    mllp_port: int = (
        0  # of the first MLLP connection, the others then take free ones; 0: as the site says
    )
    workers: int = 2
    tls_certificate: str = ""
    tls_key: str = ""
    durability: str = (
        "single-host"  # or `standby`: refuse to acknowledge without a synchronous standby
    )
    demo_clock: bool = False

    def inside_home(self, path: Path) -> Path:
        """A path as it is, or in `home` when relative."""
        return path if path.is_absolute() else self.home / path


def load(
    environment: Mapping[str, str] | None = None, flags: Mapping[str, object] | None = None
) -> Settings:
    """Settings from defaults, then the environment, then flags (those not None)."""
    known = {each.name: each for each in fields(Settings)}
    values: dict[str, object] = {}
    for name, text in (os.environ if environment is None else environment).items():
        key = name.removeprefix("CARELANE_").lower()
        if name.startswith("CARELANE_") and key in known:
            values[key] = _typed(key, text)
    for key, value in (flags or {}).items():
        if value is not None and key in known:
            values[key] = _typed(key, value) if isinstance(value, str) else value
    settings = replace(Settings(), **values)  # type: ignore[arg-type]  # _typed gave each its field's type
    return replace(settings, home=settings.home.absolute())


def _typed(name: str, text: str) -> object:
    default = getattr(Settings(), name)
    try:
        if isinstance(default, bool):
            return text.strip().lower() in {"1", "true", "yes", "on"}
        if isinstance(default, int):
            return int(text)
        if isinstance(default, Path):
            return Path(text)
    except ValueError:
        raise SettingFault(
            f"CARELANE_{name.upper()} must be a whole number, for example {default}"
        ) from None
    return text
