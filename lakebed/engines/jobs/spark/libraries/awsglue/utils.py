"""Arguments of a job, as its script asks for them.

https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-crawler-pyspark-extensions-get-resolved-options.html
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from typing import Any, NoReturn

BOOKMARK_OPTIONS = ("job-bookmark-enable", "job-bookmark-disable", "job-bookmark-pause")
CONTINUATION_OPTIONS = ("continuation-enabled", "continuation-readonly", "continuation-ignore")
_RESERVED = (
    "job_bookmark_option",
    "job_bookmark_from",
    "job_bookmark_to",
    "continuation_option",
)
_GIVEN_BY_GLUE = ("JOB_ID", "JOB_RUN_ID", "SECURITY_CONFIGURATION")
_GLUE_VERSION_WITHOUT_ABBREVIATIONS = 6


class GlueArgumentError(Exception):
    """The arguments of the job do not fit what the script asks for."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise GlueArgumentError(message)


def getResolvedOptions(
    args: Sequence[str], options: Sequence[str], allow_abbrev: bool | None = None
) -> dict[str, Any]:
    """Return the values of the named arguments, and of those that Glue itself gives to a job.

    `args` is `sys.argv`; names are written with underscores there and here. `allow_abbrev`
    says whether `--day` may stand for `--day_key`; without it the version of Glue decides.
    """
    for option in options:
        if option.replace("-", "_") in _RESERVED:
            raise RuntimeError(f"Using reserved arguments {option}")
    abbreviations = _abbreviations_by_default() if allow_abbrev is None else allow_abbrev
    parser = _Parser(prog=os.path.basename(args[0]) if args else None, allow_abbrev=abbreviations)
    _add_options_of_glue(parser, options)
    for option in dict.fromkeys(options):
        if option not in (*_GIVEN_BY_GLUE, "TempDir", "RedshiftTempDir"):
            parser.add_argument(f"--{option}", dest=option.replace("-", "_"), required=True)
    found = vars(parser.parse_known_args(_underscored(args[1:], abbreviations))[0])
    return _resolved(found, options)


def makeOptions(**options: Any) -> dict[str, Any]:
    """Return options that were given, without those that are None."""
    return {name: value for name, value in options.items() if value is not None}


def _abbreviations_by_default() -> bool:
    version = os.environ.get("GLUE_VERSION", "").split(".")[0]
    return not version.isdigit() or int(version) < _GLUE_VERSION_WITHOUT_ABBREVIATIONS


def _add_options_of_glue(parser: _Parser, options: Sequence[str]) -> None:
    parser.add_argument("--job-bookmark-option", choices=BOOKMARK_OPTIONS)
    parser.add_argument("--continuation-option", choices=CONTINUATION_OPTIONS)
    for name in ("job-bookmark-from", "job-bookmark-to", "encryption-type"):
        parser.add_argument(f"--{name}")
    parser.add_argument("--enable-data-lineage")
    for name in (*_GIVEN_BY_GLUE, "TempDir", "RedshiftTempDir"):
        mirrored = name == "TempDir" or name == "RedshiftTempDir"
        parser.add_argument(f"--{name}", required=name in options and not mirrored)


def _underscored(args: Sequence[str], abbreviations: bool) -> list[str]:
    """Return the arguments with names that argparse knows: Glue takes `-` and `_` alike."""
    hyphened = {
        "--job_bookmark_option",
        "--job_bookmark_from",
        "--job_bookmark_to",
        "--continuation_option",
        "--encryption_type",
        "--enable_data_lineage",
    }
    found: list[str] = []
    for one in args:
        name, equals, value = one.partition("=")
        if name in hyphened:
            found.append(name[:2] + name[2:].replace("_", "-") + equals + value)
        else:
            found.append(one)
    return found


def _resolved(found: dict[str, Any], options: Sequence[str]) -> dict[str, Any]:
    temporary = found.pop("TempDir"), found.pop("RedshiftTempDir")
    either = temporary[0] or temporary[1]
    wanted = [name for name in ("TempDir", "RedshiftTempDir") if name in options]
    if wanted and either is None:
        raise GlueArgumentError(f"the following arguments are required: --{wanted[0]}")
    if either is not None:
        found |= {"TempDir": temporary[0] or either, "RedshiftTempDir": temporary[1] or either}
    continuation = found.pop("continuation_option")
    if found["job_bookmark_option"] is None:
        found["job_bookmark_option"] = {
            "continuation-enabled": "job-bookmark-enable",
            "continuation-readonly": "job-bookmark-pause",
        }.get(continuation or "", "job-bookmark-disable")
    _check_range(found)
    return found


def _check_range(found: dict[str, Any]) -> None:
    first, last = found["job_bookmark_from"], found["job_bookmark_to"]
    if found["job_bookmark_option"] != "job-bookmark-pause" and (first or last):
        raise GlueArgumentError(
            "job-bookmark-from and job-bookmark-to need job-bookmark-option job-bookmark-pause"
        )
    if (first is None) != (last is None):
        missing = "from" if first is None else "to"
        raise GlueArgumentError(
            f"Missing argument: --job-bookmark-{missing}. Both --job-bookmark-from and "
            "--job-bookmark-to must be given with job-bookmark-pause"
        )
