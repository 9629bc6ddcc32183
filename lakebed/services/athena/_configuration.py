"""The configuration of a workgroup: what is shown, what is refused, how it is updated.

https://docs.aws.amazon.com/athena/latest/ug/workgroups-settings.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from lakebed.context import Context
from lakebed.core.errors import AwsError, NotBuiltError
from lakebed.services.athena.model import ENGINE_VERSION, invalid

Shape = dict[str, Any]

_DEFAULTS: Mapping[str, Any] = {
    "EnforceWorkGroupConfiguration": False,
    "PublishCloudWatchMetricsEnabled": False,
    "RequesterPaysEnabled": False,
    "EnableMinimumEncryptionConfiguration": False,
}
# Kept as given and shown again; the first three matter to Apache Spark only, which is another kind
# of workgroup, and the keys encrypt what lakebed keeps as it is.
_KEPT = (
    "AdditionalConfiguration",
    "CustomerContentEncryptionConfiguration",
    "ExecutionRole",
    "BytesScannedCutoffPerQuery",
    *_DEFAULTS,
)
_UNBUILT = (
    "EngineConfiguration",
    "IdentityCenterConfiguration",
    "MonitoringConfiguration",
    "QueryResultsS3AccessGrantsConfiguration",
    "SystemTableStatuses",
)
_SWITCHES = ("Enabled", "EnableIdentityCenter", "EnableS3AccessGrants")
ENGINES = ("AUTO", ENGINE_VERSION["EffectiveEngineVersion"])


def created(ctx: Context, given: Shape) -> Shape:
    """Return the configuration to keep for a new workgroup."""
    _refuse_unbuilt("CreateWorkGroup", given)
    kept = {name: given[name] for name in _KEPT if name in given}
    kept["ResultConfiguration"] = dict(given.get("ResultConfiguration") or {})
    if managed := given.get("ManagedQueryResultsConfiguration"):
        kept["ManagedQueryResultsConfiguration"] = managed
    if version := given.get("EngineVersion"):
        kept["EngineVersion"] = _engine_version(version)
    return _checked(ctx, kept)


def updated(ctx: Context, kept: Shape, updates: Shape) -> Shape:
    """Return a workgroup's configuration after ConfigurationUpdates."""
    _refuse_unbuilt("UpdateWorkGroup", updates)
    changed = kept | {name: updates[name] for name in _KEPT if name in updates}
    for name in ("BytesScannedCutoffPerQuery", "CustomerContentEncryptionConfiguration"):
        if updates.get(f"Remove{name}"):
            changed.pop(name, None)
    if version := updates.get("EngineVersion"):
        changed["EngineVersion"] = _engine_version(version)
    results = _members(
        kept.get("ResultConfiguration") or {}, updates.get("ResultConfigurationUpdates") or {}
    )
    managed = _members(
        kept.get("ManagedQueryResultsConfiguration") or {},
        updates.get("ManagedQueryResultsConfigurationUpdates") or {},
    )
    changed["ResultConfiguration"] = results
    if managed:
        changed["ManagedQueryResultsConfiguration"] = {"Enabled": False} | managed
    return _checked(ctx, changed)


def shown(kept: Shape) -> Shape:
    """Return the configuration as GetWorkGroup shows it: whole, with every default."""
    return {
        "ResultConfiguration": {},
        **_DEFAULTS,
        **kept,
        "EngineVersion": kept.get("EngineVersion") or dict(ENGINE_VERSION),
    }


def refuse_encryption(operation: str, encryption: Mapping[str, str] | None) -> None:
    """Refuse CSE_KMS: its reader decrypts what it reads, and results are kept as they are.

    The server-side options are S3's to carry out, as what a query writes is put there.
    """
    if encryption and encryption.get("EncryptionOption") == "CSE_KMS":
        raise NotBuiltError("athena", operation, "EncryptionConfiguration CSE_KMS")


def check_location(ctx: Context, location: str, expected_owner: str = "") -> None:
    """Refuse a result location that is no s3:// path, or whose bucket cannot be used."""
    scheme, _, rest = location.partition("://")
    bucket = rest.partition("/")[0]
    if scheme != "s3" or not bucket:
        raise invalid("outputLocation is not a valid S3 path.")
    asked: Any = {"Bucket": bucket}
    if expected_owner:
        asked["ExpectedBucketOwner"] = expected_owner
    try:
        ctx.aws.s3.head_bucket(asked)
    except AwsError:
        raise invalid(f"Unable to verify/create output bucket {bucket}") from None


def _members(kept: Shape, updates: Shape) -> Shape:
    """Return a structure after updates; `RemoveX` takes `X` away."""
    changed = dict(kept)
    for name, value in updates.items():
        if not name.startswith("Remove"):
            changed[name] = value
        elif value:
            changed.pop(name.removeprefix("Remove"), None)
    return changed


def _checked(ctx: Context, kept: Shape) -> Shape:
    results = kept["ResultConfiguration"]
    refuse_encryption("CreateWorkGroup", results.get("EncryptionConfiguration"))
    location = results.get("OutputLocation")
    managed: Shape = kept.get("ManagedQueryResultsConfiguration") or {}
    if managed.get("Enabled") and location:
        # That both may not be set is documented, the sentence is ours.
        raise invalid("OutputLocation cannot be set when managed query results are enabled.")
    if location is not None:
        scheme, _, rest = location.partition("://")
        if scheme != "s3" or not rest.partition("/")[0]:
            raise invalid("outputLocation is not a valid S3 path.")
    return kept


def _engine_version(given: Mapping[str, str]) -> Shape:
    """Return the version to keep; which one is effective is ours to say."""
    selected = given.get("SelectedEngineVersion", "AUTO")
    if "Spark" in selected:
        raise NotBuiltError("athena", "CreateWorkGroup", f"EngineVersion {selected}")
    if selected not in ENGINES:
        raise invalid(f"Invalid engine version: {selected}")
    return {**ENGINE_VERSION, "SelectedEngineVersion": selected}


def _refuse_unbuilt(operation: str, given: Shape) -> None:
    for name in _UNBUILT:
        value = given.get(name)
        if value and (name == "EngineConfiguration" or _is_on(value)):
            raise NotBuiltError("athena", operation, name)


def _is_on(value: Any) -> bool:
    """Tell whether a structure, or one inside of it, switches something on."""
    if isinstance(value, list):
        return any(map(_is_on, cast("list[Any]", value)))
    if not isinstance(value, dict):
        return False
    shape = cast("Shape", value)
    return any(shape.get(name) is True for name in _SWITCHES) or any(map(_is_on, shape.values()))
