"""How the matcher of MATCH_RECOGNIZE is told its conditions: as texts over parameters."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lakebed.dialect import tree
from lakebed.dialect.rules import Call, Rule

if TYPE_CHECKING:
    from lakebed.dialect.lower import Lowering


def found(template: str) -> Rule | None:
    """Return the rule of a template."""
    return _program if template == "@match_program" else None


def _program(lowering: Lowering, call: Call, args: Sequence[str]) -> str:
    """Write the program, the texts of its conditions put in."""
    del args
    first, bodies = call.args[0], call.args[1:]
    assert isinstance(first, tree.Constant)
    program: dict[str, Any] = json.loads(str(first.value))
    for condition in program["conditions"]:
        if "condition" in condition:
            at: int = condition["condition"]
            body = bodies[at]
            assert isinstance(body, tree.Lambda)
            condition["condition"] = lowering.body(body, body.names)
    return "'" + json.dumps(program).replace("'", "''") + "'"
