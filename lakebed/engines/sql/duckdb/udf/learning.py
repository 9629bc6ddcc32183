"""Machine learning functions (https://trino.io/docs/current/functions/ml.html).

Athena's list of functions names that page: https://docs.aws.amazon.com/athena/latest/ug/functions-env3.html
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from lakebed.engines.sql.duckdb.udf import function
from lakebed.engines.sql.duckdb.udf.java_format import string_hash

Row = dict[str, Any]


@function(nulls=True)
def evaluation(rows: Sequence[Row] | None) -> str:
    """Return accuracy, and of each label precision and recall; NULLs do not count."""
    pairs = [
        (str(row["a0"]), str(row["a1"]))
        for row in rows or ()
        if row["a0"] is not None and row["a1"] is not None
    ]
    right = Counter(truth for truth, answer in pairs if truth == answer)
    wrongly = Counter(answer for truth, answer in pairs if truth != answer)
    missed = Counter(truth for truth, answer in pairs if truth != answer)
    lines = [f"Accuracy: {_share(right.total(), len(pairs))}"]
    labels = dict.fromkeys(
        label for counts in (right, wrongly, missed) for label in _hashed(counts)
    )
    for label in labels:
        lines.append(f"Class '{label}'")
        lines.append(f"Precision: {_share(right[label], right[label] + wrongly[label])}")
        lines.append(f"Recall: {_share(right[label], right[label] + missed[label])}")
    return "\n".join((*lines, ""))


def _share(part: int, whole: int) -> str:
    share = f"{100 * part / whole:.2f}" if whole else "NaN"
    return f"{part}/{whole} ({share}%)"


def _hashed(labels: Iterable[str]) -> list[str]:
    """Return labels in the order that Java's table of hashes has them."""
    found = list(labels)
    size = 16
    while len(found) > size * 3 // 4:
        size *= 2

    def bucket(label: str) -> int:
        hashed = string_hash(label)
        return (hashed ^ hashed >> 16) & (size - 1)

    return sorted(found, key=bucket)
