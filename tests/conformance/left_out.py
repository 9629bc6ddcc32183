"""Why an answer of Trino's is not among the recorded ones: every class, and what it is.

`oracle/left_out.tsv` names the class of each statement that was asked and left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Class:
    """A class of disagreements: its name, the reason, which they are.

    `fits` is given Trino's answer and what lakebed said instead.
    """

    name: str
    reason: str
    fits: Callable[[dict[str, Any], str], bool]


def _message(pattern: str) -> Callable[[dict[str, Any], str], bool]:
    found = re.compile(pattern)
    return lambda answer, _: bool(found.search(answer.get("message", "")))


def _statement(pattern: str) -> Callable[[dict[str, Any], str], bool]:
    found = re.compile(pattern)
    return lambda answer, _: bool(found.search(answer["sql"]))


_NULL_INSIDE = "with null elements"
_ERROR = re.compile(r"[A-Z_]+: ")

CLASSES = (
    Class(
        "not built",
        "lakebed refuses it by name: checksum of rows, word_stem of other languages, …",
        lambda _, ours: "is not built in lakebed" in ours,
    ),
    Class(
        "internal",
        "Trino fails inside itself, where its documentation names no error: a map as the key of a "
        "map, char values that end in blanks, a text of a time that is longer than its varchar(n) "
        "though TRY is around it, reduce_agg over a window.",
        _message(r"io\.trino|java\.|Internal error|Cannot (invoke|read)|^Slice rep|"
                 r"^Character count exceeds|Percentile is missing|Error casting array element|"
                 r"illegal state|Java heap space"),
    ),
    Class(
        "estimate",
        "lakebed's answer is exact where Trino's is an estimate (approx_*, numeric_histogram).",
        _statement(r"\b(approx_\w+|numeric_histogram)\("),
    ),
    Class(
        "equals",
        "max_by and min_by of n rows: the order of those whose keys are equal is that of Trino's "
        "heap.",
        _statement(r"\b(max|min)_by\(.*, \d+( ORDER BY k)?\)"),
    ),
    Class(
        "rounding",
        "Sums of floating numbers that cancel each other, or whose squares overflow: the digits "
        "depend on the order of the operations.",
        _statement(r"\b(regr_\w+|covar_\w+|corr|var_\w+|variance|stddev\w*|skewness|kurtosis|"
                   r"geometric_mean|cosine_\w+)\("),
    ),
    Class(
        "indeterminate",
        "Whether the order of rows and arrays is asked at all when there is a NULL inside one: "
        "Trino fails when it meets the NULL, which depends on the order in which it compares.",
        lambda answer, ours: _NULL_INSIDE in answer.get("message", "") + ours,
    ),
    Class(
        "comparator",
        "array_sort by a comparator that contradicts itself: NaN is neither less nor equal.",
        _statement(r"\barray_sort\(.*->"),
    ),
    Class(
        "state",
        "evaluate_classifier_predictions in groups: Trino keeps one state for all of them.",
        _statement(r"evaluate_classifier_predictions\(.* GROUP BY "),
    ),
    Class(
        "eager",
        "lakebed raises an error in a part that Trino does not evaluate: an argument after one "
        "that is NULL, a branch of a CASE of constants, a constant over no rows, a column nobody "
        "reads.",
        lambda answer, ours: "error" not in answer and _ERROR.match(ours) is not None,
    ),
    Class(
        "first error",
        "Both raise an error; of two errors in a statement they meet another one first.",
        lambda answer, ours: "error" in answer and _ERROR.match(ours) is not None,
    ),
    Class("open", "A difference that is a defect of lakebed until it is understood.",
          lambda _answer, _ours: True),
)  # fmt: skip


def of(answer: dict[str, Any], ours: str) -> Class:
    """Return the class of a disagreement."""
    return next(one for one in CLASSES if one.fits(answer, ours))
