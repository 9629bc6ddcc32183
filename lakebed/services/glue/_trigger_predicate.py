"""When a conditional trigger fires: its predicate over how watched runs have ended. Pure.

https://docs.aws.amazon.com/glue/latest/webapi/API_Predicate.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lakebed.services.glue._triggers import CRAWLER, JOB

Ends = Mapping[tuple[str, str], str]
"""How the last run of a job or crawler ended, by kind and name; those that run are not in it."""


def watched(condition: Mapping[str, Any]) -> tuple[tuple[str, str], str]:
    """Return what a condition watches, and the state it waits for."""
    if "JobName" in condition:
        return (JOB, condition["JobName"]), condition["State"]
    return (CRAWLER, condition["CrawlerName"]), condition["CrawlState"]


def watches(predicate: Mapping[str, Any]) -> set[tuple[str, str]]:
    """Return all that a predicate watches."""
    return {watched(one)[0] for one in predicate.get("Conditions", ())}


def is_met(predicate: Mapping[str, Any], ends: Ends) -> bool:
    """Tell whether the watched runs have ended so that the trigger fires.

    With AND, which is also what one condition alone means, all of them have to; with ANY, one.
    """
    met = [ends.get(what) == state for what, state in map(watched, predicate["Conditions"])]
    return any(met) if predicate.get("Logical") == "ANY" else all(met)
