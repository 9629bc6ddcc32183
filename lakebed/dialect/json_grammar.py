"""The grammar of the SQL/JSON functions, whose arguments have clauses.

https://trino.io/docs/current/functions/json.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from sqlglot import expressions as exp
from sqlglot.tokenizer_core import TokenType

from lakebed.dialect.ends import has_more

NAMES = ("JSON_EXISTS", "JSON_VALUE", "JSON_QUERY", "JSON_ARRAY", "JSON_OBJECT")


if TYPE_CHECKING:
    _Node = exp.Expr
else:
    # Only the class that sqlglot itself derives from takes parts of its own.
    _Node = exp.Expression


class JsonInput(_Node):
    """A value with FORMAT JSON: `encoding` is the word after ENCODING."""

    arg_types: ClassVar[dict[str, bool]] = {"this": True, "encoding": False}


class JsonCall(_Node):
    """A call: its name, its values, the passed parameters, the type, the words of its clauses."""

    arg_types: ClassVar[dict[str, bool]] = {
        "this": True,
        "expressions": False,
        "keys": False,
        "passing": False,
        "names": False,
        "returning": False,
        "options": False,
        "empty": False,
        "error": False,
    }


def parsers() -> dict[str, Callable[[Any], exp.Expr]]:
    """Return the parsers of the functions by name."""
    return {
        "JSON_EXISTS": lambda self: _path_call(self, "json_exists"),
        "JSON_VALUE": lambda self: _path_call(self, "json_value"),
        "JSON_QUERY": lambda self: _path_call(self, "json_query"),
        "JSON_ARRAY": _array,
        "JSON_OBJECT": _object,
    }


def _formatted(self: Any, value: Any) -> Any:
    """Read FORMAT JSON after a value."""
    if not self._match_text_seq("FORMAT", "JSON"):
        return value
    return JsonInput(this=value, encoding=_encoding(self))


def _encoding(self: Any) -> str:
    if not self._match_text_seq("ENCODING"):
        return "UTF8"
    for name in ("UTF8", "UTF16", "UTF32"):
        if self._match_text_seq(name):
            return name
    self.raise_error("mismatched input")
    return ""


def _value(self: Any) -> Any:
    return _formatted(self, self._parse_disjunction())


def _path_call(self: Any, name: str) -> exp.Expr:
    source = _value(self)
    self._match(TokenType.COMMA)
    path = self._parse_string()
    if source is None or path is None:
        self.raise_error("mismatched input")
    passing: list[Any] = []
    names: list[str] = []
    if self._match_text_seq("PASSING"):
        while True:
            passing.append(_value(self))
            if not self._match(TokenType.ALIAS):
                self.raise_error("mismatched input")
            found = self._parse_id_var()
            names.append(found.name if found.args.get("quoted") else found.name.upper())
            if not self._match(TokenType.COMMA):
                break
    call = JsonCall(this=name, expressions=[source, path], passing=passing, names=names)
    if name != "json_exists":
        _returning(self, call)
    if name == "json_query":
        call.set("options", {"wrapper": _wrapper(self), "quotes": _quotes(self)})
    _behaviours(self, call)
    return call


def _returning(self: Any, call: JsonCall) -> None:
    if self._match_text_seq("RETURNING"):
        call.set("returning", self._parse_types())
        if self._match_text_seq("FORMAT", "JSON"):
            call.set("empty", _encoding(self))


def _wrapper(self: Any) -> str:
    if self._match_text_seq("WITHOUT"):
        self._match_text_seq("ARRAY")
        self._match_text_seq("WRAPPER")
        return "never"
    if not self._match(TokenType.WITH) and not self._match_text_seq("WITH"):
        return "never"
    found = "always"
    if self._match_text_seq("CONDITIONAL"):
        found = "several"
    else:
        self._match_text_seq("UNCONDITIONAL")
    self._match_text_seq("ARRAY")
    if not self._match_text_seq("WRAPPER"):
        self.raise_error("mismatched input")
    return found


def _quotes(self: Any) -> str:
    for word in ("KEEP", "OMIT"):
        if self._match_text_seq(word, "QUOTES"):
            self._match_text_seq("ON", "SCALAR", "STRING")
            return word.lower()
    return ""


def _behaviours(self: Any, call: JsonCall) -> None:
    """Read what is ON EMPTY and ON ERROR."""
    while has_more(self) and self._curr.token_type != TokenType.R_PAREN:
        found = _behaviour(self)
        if not self._match(TokenType.ON) and not self._match_text_seq("ON"):
            self.raise_error("mismatched input")
        if self._match_text_seq("EMPTY"):
            call.set("empty", found)
        elif self._match_text_seq("ERROR"):
            call.set("error", found)
        else:
            self.raise_error("mismatched input")


def _behaviour(self: Any) -> Any:
    words = {
        ("ERROR",): "error", ("NULL",): "null", ("TRUE",): "true", ("FALSE",): "false",
        ("UNKNOWN",): "unknown", ("EMPTY", "ARRAY"): "[]", ("EMPTY", "OBJECT"): "{}",
    }  # fmt: skip
    if self._match(TokenType.DEFAULT) or self._match_text_seq("DEFAULT"):
        return self._parse_disjunction()
    for word, meaning in words.items():
        if self._match_text_seq(*word):
            return meaning
    self.raise_error("mismatched input")
    return None


def _nulls(self: Any) -> str:
    for word in ("NULL", "ABSENT"):
        if self._match_text_seq(word, "ON", "NULL"):
            return word.lower()
    return ""


def _array(self: Any) -> exp.Expr:
    items: list[Any] = []
    while has_more(self) and self._curr.token_type != TokenType.R_PAREN:
        if _starts(self, "NULL", "ON") or _starts(self, "ABSENT", "ON"):
            break
        if self._curr.text.upper() == "RETURNING":
            break
        items.append(_value(self))
        if not self._match(TokenType.COMMA):
            break
    call = JsonCall(this="json_array", expressions=items)
    call.set("options", {"nulls": _nulls(self) or "absent"})
    _returning(self, call)
    return call


def _starts(self: Any, *words: str) -> bool:
    """Tell whether the next words are these."""
    tokens = (self._curr, self._next)
    return all(
        token is not None and token.text.upper() == word
        for token, word in zip(tokens, words, strict=True)
    )


def _object(self: Any) -> exp.Expr:
    keys: list[Any] = []
    items: list[Any] = []
    while has_more(self) and self._curr.token_type != TokenType.R_PAREN:
        if any(_starts(self, word, "ON") for word in ("NULL", "ABSENT")):
            break
        if self._curr.text.upper() in ("RETURNING", "WITH", "WITHOUT"):
            break
        self._match_text_seq("KEY")
        keys.append(self._parse_bitwise())
        if not self._match_text_seq("VALUE") and not self._match(TokenType.COLON):
            self.raise_error("mismatched input")
        items.append(_value(self))
        if not self._match(TokenType.COMMA):
            break
    call = JsonCall(this="json_object", expressions=items, keys=keys)
    options = {"nulls": _nulls(self) or "null", "unique": ""}
    if self._match(TokenType.WITH) or self._match_text_seq("WITH"):
        options["unique"] = "unique"
    elif self._match_text_seq("WITHOUT"):
        options["unique"] = "any"
    if options["unique"] and not self._match(TokenType.UNIQUE):
        self._match_text_seq("UNIQUE")
    if options["unique"]:
        self._match_text_seq("KEYS")
    call.set("options", options)
    _returning(self, call)
    return call
