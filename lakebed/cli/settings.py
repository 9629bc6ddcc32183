"""Settings and where each came from: `DIR/lakebed.toml`, then `LAKEBED_*`, then flags."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lakebed.core.settings import Settings

KEYS_FILE = "root-keys"
CHOICES = {
    "durability": ("none", "file", "full"),
    "mode": ("open", "strict"),
    "jobs_isolation": ("none", "namespace"),
    "kinesis_throughput": ("unlimited", "enforced"),
    "scrub": ("on", "off"),
}
_KINDS: dict[str, type] = {
    "data_dir": Path, "port": int, "insecure": bool, "well_known_keys": bool, "tls": bool,
    "sql_memory_bytes": int, "sql_memory_total_bytes": int, "scan_bytes_per_day": int,
    "disk_free_bytes_min": int, "sql_trino_url": str, "testing": bool,
}  # fmt: skip
NAMES = tuple(name for name in Settings.__dataclass_fields__ if not name.startswith("root_"))


class SettingsError(Exception):
    """A setting that cannot be what it is said to be; the message names it and its origin."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """The settings and, by name, where each came from (`default`, a file, a variable, a flag)."""

    settings: Settings
    origins: Mapping[str, str]


def resolve(flags: Mapping[str, Any], environment: Mapping[str, str] = os.environ) -> Resolved:
    """Read every source, later ones winning. `flags` holds only what was given."""
    values: dict[str, Any] = {}
    origins: dict[str, str] = dict.fromkeys(NAMES, "default")
    data_dir = flags.get("data_dir") or environment.get("LAKEBED_DATA_DIR") or "lakebed-data"
    file = Path(data_dir) / "lakebed.toml"
    sources: list[tuple[str, Mapping[str, Any]]] = []
    if file.exists():
        import tomllib

        sources.append((str(file), _flat(tomllib.loads(file.read_text(encoding="utf-8")))))
    variables = {
        name: environment[variable]
        for name in NAMES
        if (variable := f"LAKEBED_{name.upper()}") in environment
    }
    sources.append(("environment", variables))
    sources.append(("flag", {name: value for name, value in flags.items() if value is not None}))
    for origin, source in sources:
        for name, value in source.items():
            if name not in NAMES:
                raise SettingsError(f"{origin}: there is no setting {name!r}")
            values[name] = _typed(name, value, origin)
            origins[name] = f"LAKEBED_{name.upper()}" if origin == "environment" else origin
    values["data_dir"] = Path(data_dir).absolute()
    keys = values["data_dir"] / "state" / KEYS_FILE
    if keys.exists():
        access_key, secret_key = keys.read_text(encoding="ascii").split()
        values |= {
            "root_access_key": access_key,
            "root_secret_key": secret_key,
            "well_known_keys": False,
        }
        origins["well_known_keys"] = "lakebed init"
    return Resolved(Settings(**values), origins)


def _flat(table: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return a TOML file's settings with dotted tables joined: `sql.engine` → `sql_engine`."""
    flat: dict[str, Any] = {}
    for name, value in table.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{name}_")  # pyright: ignore[reportUnknownArgumentType]
        else:
            flat[prefix + name] = value
    return flat


def _typed(name: str, value: Any, origin: str) -> Any:
    kind = _KINDS.get(name, str)
    try:
        if kind is bool and isinstance(value, str):
            return {"true": True, "1": True, "false": False, "0": False}[value.lower()]
        typed = kind(value)
    except (ValueError, TypeError, KeyError):
        raise SettingsError(
            f"{origin}: {name} is {value!r}, expected {kind.__name__.lower()}"
        ) from None
    if name in CHOICES and typed not in CHOICES[name]:
        raise SettingsError(f"{origin}: {name} is {value!r}, expected one of {CHOICES[name]}")
    return typed
