"""Reads queries of CloudWatch Logs Insights.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax.html
Commands between pipes, `#` begins a comment. Sentences of errors are remembered from AWS's.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from lakebed.core.errors import NotBuiltError
from lakebed.services.logs import _insights_tree as tree
from lakebed.services.logs._insights_tree import Command, Named, Node, malformed

_SPACE = re.compile(r"(?:\s+|#[^\n]*)*")
_TOKEN = re.compile(
    r"(?P<period>\d+(?:ms|mo|[smhdwqy])\b)"
    r"|(?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)"
    r"|(?P<name>@?[A-Za-z_@][A-Za-z0-9_@]*(?:\.[A-Za-z0-9_@]+)*)"
    r"|`(?P<quoted>[^`]+)`"
    r"|\"(?P<double>(?:[^\"\\]|\\.)*)\"|'(?P<single>(?:[^'\\]|\\.)*)'"
    r"|(?P<symbol>=~|!=|<=|>=|[-+*/%^=<>(),|\[\]])"
)
_REGEX = re.compile(r"/((?:[^/\\]|\\.)*)/")
_GROUP = re.compile(r"\(\?<([A-Za-z_@][A-Za-z0-9_@]*)>")
_UNITS_MS = {
    "ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 7 * 86_400_000,
}  # fmt: skip
_UNITS_MONTHS = {"mo": 1, "q": 3, "y": 12}
_NOT_BUILT = frozenset(
    ("pattern", "diff", "anomaly", "unmask", "filterindex", "unnest", "lookup", "join", "source",
     "addtotals", "fieldsasjson", "tail")
)  # fmt: skip
"""Commands that AWS has."""
_DEPTH_MAX = 60
Item = TypeVar("Item")


class Parser:
    """Reads one query."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0
        self._token: re.Match[str] | None = None
        self._end = 0
        self._depth = 0
        self._advance()

    def query(self) -> list[Command]:
        """Return the commands; MalformedQueryException for what is no query."""
        commands: list[Command] = []
        if self._token is None and self._is_over():
            raise malformed("unexpected end of input", 0, len(self._text))
        while True:
            commands.append(self._command())
            if self._is_over():
                return commands
            self._expect("|")

    # -- tokens -----------------------------------------------------------------------------------

    def _advance(self) -> None:
        """Go to the next token; a text that is none is found when something is expected there."""
        self._end = self._position
        space = _SPACE.match(self._text, self._position)
        assert space is not None
        self._position = space.end()
        self._token = _TOKEN.match(self._text, self._position)

    def _take(self) -> re.Match[str]:
        token = self._token
        if token is None:
            raise self._unexpected()
        self._position = token.end()
        self._advance()
        return token

    def _is_over(self) -> bool:
        return self._position >= len(self._text)

    def _unexpected(self) -> Exception:
        if self._is_over():
            return malformed("unexpected end of input", len(self._text), len(self._text))
        found = self._token[0] if self._token is not None else self._text[self._position]
        line = self._text.count("\n", 0, self._position) + 1
        column = self._position - (self._text.rfind("\n", 0, self._position) + 1)
        message = f"unexpected symbol found {found} at line {line} and position {column}"
        return malformed(message, self._position, self._position + len(found))

    def _is_symbol(self, *symbols: str) -> bool:
        return self._token is not None and self._token["symbol"] in symbols

    def _is_word(self, *words: str) -> bool:
        name = self._token["name"] if self._token is not None else None
        return name is not None and name.lower() in words

    def _takes(self, symbol: str) -> bool:
        if self._is_symbol(symbol):
            self._take()
            return True
        return False

    def _takes_word(self, word: str) -> bool:
        if self._is_word(word):
            self._take()
            return True
        return False

    def _expect(self, symbol: str) -> None:
        if not self._takes(symbol):
            raise self._unexpected()

    def _name(self) -> str:
        token = self._token
        if token is None or not (token["name"] or token["quoted"]):
            raise self._unexpected()
        self._take()
        return token["name"] or token["quoted"]

    def _string(self) -> str:
        token = self._token
        if token is None or (token["double"] is None and token["single"] is None):
            raise self._unexpected()
        self._take()
        inner = token["double"] if token["double"] is not None else token["single"]
        return re.sub(r"\\([\"'\\])", r"\1", inner)

    def _regex(self) -> str | None:
        """Return the regular expression that stands here: only the parser knows where one may."""
        found = _REGEX.match(self._text, self._position)
        if found is None:
            return None
        self._position = found.end()
        self._advance()
        return found[1].replace("\\/", "/")

    # -- commands ---------------------------------------------------------------------------------

    def _command(self) -> Command:
        start = self._position
        token = self._token
        if token is None or not token["name"]:
            raise self._unexpected()
        word = token["name"].lower()
        if word in _NOT_BUILT:
            raise NotBuiltError("logs", "StartQuery", f"the command {word}")
        reader: Callable[[], Command] | None = {
            "fields": lambda: tree.Fields(self._items()),
            "display": lambda: tree.Display(self._items()),
            "filter": lambda: tree.Filter(self._expression()),
            "stats": self._stats,
            "sort": self._sort,
            "order": self._sort,
            "limit": self._limit,
            "head": self._limit,
            "parse": self._parse,
            "dedup": lambda: tree.Dedup(tuple(self._list(self._expression))),
        }.get(word)
        if reader is None:
            self._position = start
            raise self._unexpected()
        self._take()
        return reader()

    def _list(self, item: Callable[[], Item]) -> list[Item]:
        found = [item()]
        while self._takes(","):
            found.append(item())
        return found

    def _named(self) -> Named:
        value = self._expression()
        if self._takes_word("as"):
            return Named(self._name(), value)
        name = value.name if isinstance(value, tree.Field) else value.text
        return Named(name, value)

    def _items(self) -> tuple[Named, ...]:
        return tuple(self._list(self._named))

    def _stats(self) -> Command:
        items = self._items()
        groups = self._items() if self._takes_word("by") else ()
        return tree.Stats(items, groups)

    def _sort(self) -> Command:
        self._takes_word("by")

        def one() -> tuple[Node, bool]:
            value = self._expression()
            is_descending = self._is_word("desc")
            if self._is_word("asc", "desc"):
                self._take()
            return value, is_descending

        return tree.Sort(tuple(self._list(one)))

    def _limit(self) -> Command:
        token = self._token
        if token is None or not token["number"] or not token["number"].isdecimal():
            raise self._unexpected()
        self._take()
        return tree.Limit(int(token["number"]))

    def _parse(self) -> Command:
        start = self._position
        source: Node = tree.Field("@message", start, start, "@message")
        is_pattern = self._text[start : start + 1] in ('"', "'", "/")
        if not is_pattern:
            source = self._primary()
        regex = self._regex()
        if regex is not None:
            names = tuple(_GROUP.findall(regex))
            if not names:
                message = "a regular expression of parse needs named groups: (?<name>...)"
                raise malformed(message, start, self._end)
            return tree.Parse(source, regex, names)
        glob = self._string()
        if not self._takes_word("as"):
            raise self._unexpected()
        names = tuple(self._list(self._name))
        if glob.count("*") != len(names):
            message = f"parse has {glob.count('*')} wildcards and {len(names)} names"
            raise malformed(message, start, self._end)
        return tree.Parse(source, _glob_regex(glob), names)

    # -- expressions ------------------------------------------------------------------------------

    def _expression(self) -> Node:
        self._depth += 1
        if self._depth > _DEPTH_MAX:
            raise malformed("the query is nested too deeply", self._position, self._position)
        node = self._binary(self._and, lambda: self._word_operator("or"))
        self._depth -= 1
        return node

    def _and(self) -> Node:
        return self._binary(self._not, lambda: self._word_operator("and"))

    def _word_operator(self, word: str) -> str | None:
        return word if self._is_word(word) else None

    def _symbol_operator(self, *symbols: str) -> str | None:
        return self._token["symbol"] if self._token and self._is_symbol(*symbols) else None

    def _binary(self, operand: Callable[[], Node], operator: Callable[[], str | None]) -> Node:
        start = self._position
        left = operand()
        while (found := operator()) is not None:
            self._take()
            right = operand()
            left = tree.Binary(*self._span(start), found, left, right)
        return left

    def _span(self, start: int) -> tuple[str, int, int]:
        return self._text[start : self._end], start, self._end

    def _not(self) -> Node:
        start = self._position
        if self._takes_word("not"):
            operand = self._not()
            return tree.Unary(*self._span(start), "not", operand)
        return self._comparison()

    def _comparison(self) -> Node:
        start = self._position
        left = self._additive()
        is_negated = self._takes_word("not")
        if self._is_word("like") or self._is_symbol("=~"):
            self._take()
            regex = self._regex()
            pattern = self._string() if regex is None else regex
            is_regex = regex is not None
            return tree.Like(*self._span(start), left, pattern, is_regex, is_negated)
        if self._takes_word("in"):
            self._expect("[")
            values = tuple(self._list(self._additive))
            self._expect("]")
            return tree.In(*self._span(start), left, values, is_negated)
        if is_negated:
            raise self._unexpected()
        operator = self._symbol_operator("=", "!=", "<", "<=", ">", ">=")
        if operator is None:
            return left
        self._take()
        right = self._additive()
        return tree.Binary(*self._span(start), operator, left, right)

    def _additive(self) -> Node:
        return self._binary(self._factor, lambda: self._symbol_operator("+", "-"))

    def _factor(self) -> Node:
        return self._binary(self._power, lambda: self._symbol_operator("*", "/", "%"))

    def _power(self) -> Node:
        return self._binary(self._unary, lambda: self._symbol_operator("^"))

    def _unary(self) -> Node:
        start = self._position
        if self._takes("-"):
            operand = self._unary()
            return tree.Unary(*self._span(start), "-", operand)
        return self._primary()

    def _primary(self) -> Node:
        start = self._position
        if self._takes("("):
            inner = self._expression()
            self._expect(")")
            return inner
        token = self._token
        if token is None:
            raise self._unexpected()
        if token["number"]:
            self._take()
            return tree.Number(*self._span(start), float(token["number"]))
        if token["period"]:
            self._take()
            return self._period(token["period"], start)
        if token["double"] is not None or token["single"] is not None:
            value = self._string()
            return tree.Text(*self._span(start), value)
        name = self._name()
        if token["quoted"] or not self._is_symbol("("):
            return tree.Field(*self._span(start), name)
        return self._call(name.lower(), start)

    def _period(self, text: str, start: int) -> Node:
        count = int(re.match(r"\d+", text)[0])  # type: ignore[index]  # the token begins so
        unit = text.lstrip("0123456789")
        if count == 0:
            raise malformed("a period is longer than nothing", start, self._end)
        if unit in _UNITS_MONTHS:
            return tree.Period(*self._span(start), 0, count * _UNITS_MONTHS[unit])
        return tree.Period(*self._span(start), count * _UNITS_MS[unit])

    def _call(self, name: str, start: int) -> Node:
        self._expect("(")
        arguments: list[Node] = []
        if self._is_symbol("*"):
            at = self._position
            self._take()
            arguments.append(tree.Star(*self._span(at)))
        elif not self._is_symbol(")"):
            arguments = self._list(self._expression)
        self._expect(")")
        return tree.Call(*self._span(start), name, tuple(arguments))


def _glob_regex(glob: str) -> str:
    """Return the regular expression of a text with wildcards: each as little as possible.

    The last one, at the end of the text, takes all that is left.
    """
    parts = [re.escape(part).replace("\\ ", " ") for part in glob.split("*")]
    regex = "(.*?)".join(parts)
    if glob.endswith("*"):
        regex = regex.removesuffix("(.*?)") + "(.*)"
    return f"(?s){regex}"
