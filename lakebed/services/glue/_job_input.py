"""What CreateJob, UpdateJob and StartJobRun are given, checked and with AWS's defaults."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from lakebed.context import Context
from lakebed.core.errors import AwsError, NotBuiltError
from lakebed.core.limits import GLUE_JOB_ARGUMENTS_BYTES_MAX
from lakebed.services.glue._job_role import check_role
from lakebed.services.glue._jobs import invalid
from lakebed.services.glue.model import CONNECTIONS, SECURITY_CONFIGURATIONS

ENVIRONMENTS = {
    "4.0": "spark-3.3",
    "5.0": "spark-3.5",
    "5.1": "spark-3.5",
    "6.0": "spark-4.1",
}
"""What a Spark job of a Glue version runs in."""
GLUE_VERSION = "5.0"
"""Of a Spark job that names none. (AWS's default is the newest; ours is one that installs.)"""
PYTHON_SHELL = "python-shell"

_WORKERS: Mapping[str, tuple[float, int, int]] = {
    # DPUs, vCPUs, GiB: https://docs.aws.amazon.com/glue/latest/dg/worker-types.html
    "G.025X": (0.25, 2, 4),
    "Standard": (1, 4, 16),
    "G.1X": (1, 4, 16),
    "G.2X": (2, 8, 32),
    "G.4X": (4, 16, 64),
    "G.8X": (8, 32, 128),
    "G.12X": (12, 48, 192),
    "G.16X": (16, 64, 256),
    "R.1X": (1, 4, 32),
    "R.2X": (2, 8, 64),
    "R.4X": (4, 16, 128),
    "R.8X": (8, 32, 256),
    "Z.2X": (2, 8, 64),
}
_CAPACITY = ("MaxCapacity", "AllocatedCapacity", "WorkerType", "NumberOfWorkers")
_RESERVED = ("--conf", "--debug", "--mode", "--JOB_NAME", "--JOB_ID", "--JOB_RUN_ID", "--endpoint")
"""https://docs.aws.amazon.com/glue/latest/dg/aws-glue-programming-etl-glue-arguments.html"""
_INTERNAL = frozenset(_RESERVED) - {"--conf"}
_SPARK_TIMEOUT = 480
_SHELL_TIMEOUT = 2880


def worker(kind: str) -> tuple[float, int, int]:
    """Return the DPUs, vCPUs and GiB of memory of a worker of a type."""
    return _WORKERS[kind]


def is_shell(definition: Mapping[str, Any]) -> bool:
    """Tell whether a job is a Python script without Spark."""
    return definition["Command"]["Name"] == "pythonshell"


def definition_of(ctx: Context, operation: str, members: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a job's definition: what was given, checked, with AWS's defaults."""
    _refuse_unbuilt(operation, members)
    check_role(ctx, members["Role"])
    command: Mapping[str, Any] = members["Command"]
    if not command.get("ScriptLocation"):
        raise invalid("Command.ScriptLocation must not be empty")
    check_arguments(members.get("DefaultArguments", {}))
    check_arguments(members.get("NonOverridableArguments", {}))
    _check_named(ctx, operation, members)
    filled: dict[str, Any] = {
        "JobMode": "SCRIPT",
        "JobRunQueuingEnabled": False,
        "ExecutionProperty": {"MaxConcurrentRuns": 1},
        "MaxRetries": 0,
        "Timeout": _SHELL_TIMEOUT if is_shell(members) else _SPARK_TIMEOUT,
        **members,
    }
    filled["Command"] = {"PythonVersion": "3", **command}
    if not is_shell(filled):
        filled.setdefault("GlueVersion", GLUE_VERSION)
    return with_capacity(filled)


def with_capacity(members: Mapping[str, Any]) -> dict[str, Any]:
    """Return a definition with its DPUs worked out from its workers, or the other way round."""
    filled = dict(members)
    kind, count = filled.get("WorkerType"), filled.get("NumberOfWorkers")
    if is_shell(filled):
        if kind or count:
            raise invalid("WorkerType and NumberOfWorkers are not supported for Python shell jobs.")
        capacity = filled.setdefault("MaxCapacity", 0.0625)
        if capacity not in (0.0625, 1.0):
            raise invalid("Allocated capacity for Python shell jobs must be 0.0625 or 1.0")
        filled["AllocatedCapacity"] = int(capacity)
        return filled
    if kind or count:
        if filled.get("MaxCapacity"):
            message = "Please do not set Max Capacity if using Worker Type and Number of Workers."
            raise invalid(message)
        if not (kind and count):
            raise invalid("Worker Type and Number of Workers must be set together.")
        capacity = worker(kind)[0] * count
    else:
        capacity = float(filled.get("MaxCapacity") or filled.get("AllocatedCapacity") or 10)
        filled |= {"WorkerType": "G.1X", "NumberOfWorkers": max(2, round(capacity))}
    filled["MaxCapacity"], filled["AllocatedCapacity"] = float(capacity), int(capacity)
    return filled


def started_with(definition: Mapping[str, Any], request: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a job's definition with what StartJobRun says otherwise."""
    names = ("Timeout", "SecurityConfiguration", "NotificationProperty", "ExecutionClass",
             "JobRunQueuingEnabled", "ExecutionRoleSessionPolicy")  # fmt: skip
    members = {**definition, **{name: request[name] for name in names if name in request}}
    if any(name in request for name in _CAPACITY):
        members = {k: v for k, v in members.items() if k not in _CAPACITY}
        members |= {name: request[name] for name in _CAPACITY if name in request}
        members = with_capacity(members)
    return members


def check_started(ctx: Context, request: Mapping[str, Any]) -> None:
    """Refuse what a run is started with that cannot be carried out."""
    for member, is_asked in _unbuilt_arguments(request.get("Arguments") or {}).items():
        if is_asked:
            raise NotBuiltError("glue", "StartJobRun", member)
    check_security(ctx, "StartJobRun", request.get("SecurityConfiguration"))


def check_arguments(arguments: Mapping[str, str]) -> None:
    """Refuse arguments that AWS keeps for itself, and more than fit into a run."""
    for name in arguments:
        if name in _INTERNAL:
            raise invalid(f"The argument {name} is reserved for Glue: do not set it.")
    if len(msgspec.json.encode(arguments)) > GLUE_JOB_ARGUMENTS_BYTES_MAX:
        raise invalid(f"Arguments are larger than {GLUE_JOB_ARGUMENTS_BYTES_MAX} bytes.")


def environment_of(operation: str, members: Mapping[str, Any]) -> str:
    """Return the environment that a job runs in."""
    if is_shell(members):
        return PYTHON_SHELL
    version = members["GlueVersion"]
    if version == "auto":
        version = GLUE_VERSION
    if version not in ENVIRONMENTS:
        there = ", ".join(ENVIRONMENTS)
        raise NotBuiltError("glue", operation, f"GlueVersion {version}; there are {there}")
    return ENVIRONMENTS[version]


def _refuse_unbuilt(operation: str, members: Mapping[str, Any]) -> None:
    """Refuse by name what cannot be run."""
    command = members["Command"].get("Name", "")
    if not command:
        raise invalid("Command name should not be null or empty.")
    if command not in ("glueetl", "pythonshell", "gluestreaming", "glueray"):
        raise invalid(f"Invalid command name: {command}")
    defaults, fixed = (members.get(f"{k}Arguments", {}) for k in ("Default", "NonOverridable"))
    arguments = {**defaults, **fixed}
    unbuilt = {
        "Command.Name gluestreaming": command == "gluestreaming",
        "Command.Name glueray": command == "glueray",
        "Command.Runtime": "Runtime" in members["Command"],
        "Command.PythonVersion 2": members["Command"].get("PythonVersion") == "2",
        "JobMode NOTEBOOK": members.get("JobMode") == "NOTEBOOK",
        "SourceControlDetails": "SourceControlDetails" in members,
        "MaintenanceWindow": "MaintenanceWindow" in members,
        **_unbuilt_arguments(arguments),
    }
    for member, is_asked in unbuilt.items():
        if is_asked:
            raise NotBuiltError("glue", operation, member)
    if command == "glueetl":
        environment_of(operation, {"GlueVersion": GLUE_VERSION, **members})


def _unbuilt_arguments(arguments: Mapping[str, str]) -> dict[str, bool]:
    return {"--job-language scala": arguments.get("--job-language", "python") != "python"}


def _check_named(ctx: Context, operation: str, members: Mapping[str, Any]) -> None:
    """Refuse connections and security configurations that are not there."""
    for name in members.get("Connections", {}).get("Connections", ()):
        if CONNECTIONS.get(ctx, name) is None:
            raise AwsError("EntityNotFoundException", f"Connection {name} not found.")
    check_security(ctx, operation, members.get("SecurityConfiguration"))


def check_security(ctx: Context, operation: str, name: str | None) -> None:
    """Refuse a security configuration that is not there, and one that asks for encryption."""
    if not name:
        return
    row = SECURITY_CONFIGURATIONS.get(ctx, name)
    if row is None:
        raise AwsError("EntityNotFoundException", f"Security configuration {name} not found.")
    parts: Mapping[str, Any] = row.definition
    modes = {
        "S3EncryptionMode": [one.get("S3EncryptionMode") for one in parts.get("S3Encryption", ())],
        "CloudWatchEncryptionMode": [
            parts.get("CloudWatchEncryption", {}).get("CloudWatchEncryptionMode")
        ],
        "JobBookmarksEncryptionMode": [
            parts.get("JobBookmarksEncryption", {}).get("JobBookmarksEncryptionMode")
        ],
    }
    for member, given in modes.items():
        for mode in given:
            if mode not in (None, "DISABLED"):
                detail = f"SecurityConfiguration with {member} {mode}"
                raise NotBuiltError("glue", operation, detail)
