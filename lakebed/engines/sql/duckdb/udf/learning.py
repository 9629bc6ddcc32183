"""Machine learning functions (https://trino.io/docs/current/functions/ml.html).

Athena's list of functions names that page: https://docs.aws.amazon.com/athena/latest/ug/functions-env3.html
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from lakebed.dialect.errors import TrinoError
from lakebed.engines.sql.duckdb.udf import function, svm
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


# --- classifiers and regressors ---


class _Model(msgspec.Struct):
    """A trained model: how features become points, and the machines."""

    parameters: dict[str, Any]
    low: dict[int, float]
    high: dict[int, float]
    classes: list[int]
    names: list[str]
    machines: list[tuple[list[list[float]], list[float], float]]

    def point(self, features: dict[int, float]) -> npt.NDArray[np.float64]:
        """Return features as a point of the unit cube; what was constant is 0."""
        values = [
            (min(1.0, max(0.0, (features[key] - low) / (self.high[key] - low)))
             if key in features else 0.0)
            for key, low in self.low.items()
        ]  # fmt: skip
        return np.array(values, dtype=np.float64)


@dataclass(frozen=True)
class _Loaded:
    """A model that is ready for questions."""

    model: _Model
    parameters: svm.Parameters
    machines: list[svm.Machine]

    def label(self, features: Any) -> int:
        """Return the label of features."""
        point = self.model.point(dict(features))
        return svm.predicted(self.parameters, self.model.classes, self.machines, point)


@function(nulls=True)
def classifier(rows: Sequence[Row] | None) -> bytes:
    """Train a classifier of labels that are numbers; rows with NULL do not count."""
    known = _known(rows)
    return _trained(known, [int(row["a0"]) for row in known], [])


@function(nulls=True)
def text_classifier(rows: Sequence[Row] | None) -> bytes:
    """Train a classifier of labels that are texts."""
    known = _known(rows)
    names = list(dict.fromkeys(row["a0"] for row in known))
    return _trained(known, [names.index(row["a0"]) for row in known], names)


@function(nulls=True)
def regressor(rows: Sequence[Row] | None) -> bytes:
    """Train a regressor."""
    known = _known(rows)
    model, points = _scaled(known)
    parameters = svm.Parameters(**model.parameters)
    machine = svm.regressor(parameters, [float(row["a0"]) for row in known], points)
    return _encoded(model, [machine])


@function
def classify(features: Any, model: bytes) -> int:
    """Return the label of features."""
    return _loaded(model).label(features)


@function
def classify_text(features: Any, model: bytes) -> str:
    """Return the label of features, which is a text."""
    found = _loaded(model)
    return found.model.names[found.label(features)]


@function
def regress(features: Any, model: bytes) -> float:
    """Return the value at features."""
    found = _loaded(model)
    return found.machines[0].value(found.parameters, found.model.point(dict(features)))


def _known(rows: Sequence[Row] | None) -> list[Row]:
    known = [row for row in rows or () if None not in row.values()]
    if not known:
        raise TrinoError("GENERIC_INTERNAL_ERROR", "There is no row to learn from")
    return known


def _trained(rows: Sequence[Row], labels: Sequence[int], names: list[str]) -> bytes:
    model, points = _scaled(rows)
    model.classes, machines = svm.classifier(svm.Parameters(**model.parameters), labels, points)
    model.names = names
    return _encoded(model, machines)


def _scaled(rows: Sequence[Row]) -> tuple[_Model, npt.NDArray[np.float64]]:
    """Return a model that knows the ranges of the features, and the rows as points."""
    maps = [dict(row["a1"]) for row in rows]
    low: dict[int, float] = {}
    high: dict[int, float] = {}
    for features in maps:
        for key, value in features.items():
            low[key] = min(value, low.get(key, value))
            high[key] = max(value, high.get(key, value))
    varied = [key for key in sorted(low) if low[key] != high[key]]
    parameters = _parameters(rows[-1].get("a2", ""))
    low, high = {key: low[key] for key in varied}, {key: high[key] for key in varied}
    model = _Model(parameters, low, high, [], [], [])
    return model, np.array([model.point(one) for one in maps]).reshape(len(maps), len(varied))


def _parameters(text: str) -> dict[str, Any]:
    """Read `kernel=rbf, C=2`."""
    found: dict[str, Any] = {}
    for part in filter(None, text.split(",")):
        name, *value = part.split("=")
        if len(value) != 1:
            message = "Invalid hyperparameters string for libsvm"
            raise TrinoError("GENERIC_INTERNAL_ERROR", message)
        key, given = name.strip(), value[0].strip()
        if key == "kernel":
            if given.lower() not in ("linear", "poly", "rbf", "sigmoid"):
                raise TrinoError("INVALID_FUNCTION_ARGUMENT", f"Unknown kernel type {given}")
            found["kernel"] = given.lower()
        elif key in _PARAMETERS:
            member, kind = _PARAMETERS[key]
            found[member] = _number(given, kind)
        else:
            raise TrinoError("INVALID_FUNCTION_ARGUMENT", f"Unknown parameter {name}")
    return found


_PARAMETERS: dict[str, tuple[str, type[int] | type[float]]] = {
    "degree": ("degree", int), "gamma": ("gamma", float), "coef0": ("coef0", float),
    "C": ("cost", float), "nu": ("nu", float), "eps": ("tolerance", float),
}  # fmt: skip


def _number(text: str, kind: type[int] | type[float]) -> float:
    try:
        return kind(text)
    except ValueError:
        message = f'For input string: "{text}"'
        raise TrinoError("GENERIC_INTERNAL_ERROR", message) from None


def _encoded(model: _Model, machines: Sequence[svm.Machine]) -> bytes:
    model.machines = [(one.vectors.tolist(), one.weights.tolist(), one.rho) for one in machines]
    return msgspec.msgpack.encode(model)


@lru_cache(maxsize=5)
def _loaded(model: bytes) -> _Loaded:
    found = msgspec.msgpack.decode(model, type=_Model)
    width = len(found.low)
    machines = [
        svm.Machine(np.array(vectors).reshape(len(weights), width), np.array(weights), rho)
        for vectors, weights, rho in found.machines
    ]
    return _Loaded(found, svm.Parameters(**found.parameters), machines)
