"""Why calls were refused: a line of the log, a header of the answer, a record for `lakebed why`."""

from __future__ import annotations

import logging
import re
from collections import deque
from collections.abc import Callable
from pathlib import Path

import msgspec

from lakebed.context import Context
from lakebed.core.decision_files import FOLDER, append
from lakebed.core.errors import AwsError
from lakebed.core.limits import LET_THROUGH_REMEMBERED_MAX, LET_THROUGH_SECONDS
from lakebed.govern.decision import Decision
from lakebed.govern.explanation import Explanation, explain, named

log = logging.getLogger("lakebed.dispatch")

HEADER = "x-lakebed-denied-by"
_HEADER_MAX = 400
_UNPRINTABLE = re.compile(r"[^\x20-\x7e]")
_encode = msgspec.json.Encoder().encode


class Refusal(msgspec.Struct, frozen=True):
    """One refusal as it is written down; `is_enforced`: not let through by `open` mode."""

    time: float
    request_id: str
    service: str
    operation: str
    region: str
    principal: str
    account: str
    is_enforced: bool
    reason: str
    why: Explanation


class Refusals:
    """Writes refusals down, in bounded files below the state folder.

    `soon(call)` has a function called in the loop's next turn, from whatever thread.
    """

    def __init__(self, state: Path, soon: Callable[[Callable[[], None]], None]) -> None:
        self._folder = state / FOLDER
        self._soon = soon
        self._lines: deque[bytes] = deque()
        self._flush_is_due = False
        self._let_through: dict[tuple[str, str, str], float] = {}

    def refused(
        self, context: Context, called: tuple[str, str], decision: Decision, error: AwsError
    ) -> None:
        """Note that a call (service, operation) was refused, and say by what in the error."""
        if decision.verdict is None:
            return
        text = self._header(context, decision)
        error.headers = {**error.headers, HEADER: text}
        sentence = _printable(decision.reason)
        log.info("%s %s.%s denied: %s (%s)", context.request_id, *called, sentence, text)
        self._write(context, called, decision, is_enforced=True)

    def let_through(self, context: Context, called: tuple[str, str], decision: Decision) -> None:
        """Note that `open` mode let a call through: once in a while what is the same again."""
        if decision.asked is None:
            return
        key = (context.principal.arn, decision.asked.action, decision.asked.resource)
        now = context.clock.now()
        if now - self._let_through.get(key, 0.0) < LET_THROUGH_SECONDS:
            return
        if len(self._let_through) >= LET_THROUGH_REMEMBERED_MAX:
            self._let_through.clear()
        self._let_through[key] = now
        log.info("%s allowed in open mode: %s", context.request_id, _printable(decision.reason))
        self._write(context, called, decision, is_enforced=False)

    def _header(self, context: Context, decision: Decision) -> str:
        """Return what decided. Other accounts, and nobody, learn no names of policies."""
        verdict, asked = decision.verdict, decision.asked
        if verdict is None or asked is None:
            return ""
        who = context.principal
        if who.is_anonymous or who.account != asked.owner:
            return f"{verdict.kind} policy"
        return _printable(named(verdict))[:_HEADER_MAX]

    def _write(
        self, context: Context, called: tuple[str, str], decision: Decision, *, is_enforced: bool
    ) -> None:
        if decision.asked is None or decision.policies is None or decision.verdict is None:
            return
        who = context.principal
        refusal = Refusal(
            context.clock.now(),
            context.request_id,
            *called,
            context.region,
            "anonymous" if who.is_anonymous else who.arn,
            who.account,
            is_enforced,
            decision.reason,
            explain(decision.asked, decision.policies, decision.verdict),
        )
        self._lines.append(_encode(refusal) + b"\n")
        if not self._flush_is_due:
            self._flush_is_due = True
            self._soon(self.flush)

    def flush(self) -> None:
        """Write down what was noted since the last time."""
        self._flush_is_due = False
        lines = [self._lines.popleft() for _ in range(len(self._lines))]
        if lines:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            append(self._folder, b"".join(lines))


def _printable(text: str) -> str:
    return _UNPRINTABLE.sub("?", text)
