"""Support vector machines by sequential minimal optimisation: C-SVC and nu-SVR.

The working set is chosen by second order information, as in R.-E. Fan, P.-H. Chen, C.-J. Lin,
"Working set selection using second order information for training SVM", JMLR 6 (2005), and kernel
rows are kept in single precision, so that the answers are those of LIBSVM, which Trino uses
(https://www.csie.ntu.edu.tw/~cjlin/papers/libsvm.pdf).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from statistics import fmean

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]
Rows = Callable[[int], Numbers]
_FLAT = 1e-12
_CACHE_BYTES = 100 << 20


@dataclass(frozen=True)
class Parameters:
    """What LIBSVM calls kernel, degree, gamma, coef0, C, nu and eps (the tolerance)."""

    kernel: str = "linear"
    degree: int = 3
    gamma: float = 0.0
    coef0: float = 0.0
    cost: float = 1.0
    nu: float = 0.5
    tolerance: float = 0.1


def kernel(parameters: Parameters, left: Numbers, right: Numbers) -> Numbers:
    """Return the kernel of each row of `left` with the vector `right`."""
    product = left @ right
    if parameters.kernel == "linear":
        return product
    if parameters.kernel == "rbf":
        squares = np.einsum("ij,ij->i", left, left) + right @ right - 2 * product
        return np.exp(-parameters.gamma * squares)
    shifted = parameters.gamma * product + parameters.coef0
    return np.tanh(shifted) if parameters.kernel == "sigmoid" else shifted**parameters.degree


@dataclass(frozen=True)
class Machine:
    """A trained machine: what it decides of x is the sum of weight * kernel(vector, x) - rho."""

    vectors: Numbers
    weights: Numbers
    rho: float

    def value(self, parameters: Parameters, point: Numbers) -> float:
        """Return the decision about a point."""
        return float(self.weights @ kernel(parameters, self.vectors, point)) - self.rho


def classifier(
    parameters: Parameters, labels: Sequence[int], points: Numbers
) -> tuple[list[int], list[Machine]]:
    """Train a machine for each two labels; return the labels in their order, and the machines."""
    classes = list(dict.fromkeys(labels))
    if classes == [-1, 1]:
        classes = [1, -1]
    owners = np.array(labels)
    machines: list[Machine] = []
    for one, other in combinations(classes, 2):
        chosen = np.concatenate([np.flatnonzero(owners == one), np.flatnonzero(owners == other)])
        signs = np.where(owners[chosen] == one, 1.0, -1.0)
        inside = points[chosen]
        rows, diagonal = _kernel_rows(parameters, inside, signs)
        problem = _Problem(rows, diagonal, signs, (np.ones(len(chosen), dtype=bool),), parameters)
        weights, rho = problem.solved(-np.ones(len(chosen)), np.zeros(len(chosen)))
        machines.append(_machine(inside, weights * signs, rho))
    return classes, machines


def predicted(
    parameters: Parameters, classes: Sequence[int], machines: Sequence[Machine], point: Numbers
) -> int:
    """Return the label that wins most of the comparisons; the first one of equals."""
    votes = dict.fromkeys(classes, 0)
    for (one, other), machine in zip(combinations(classes, 2), machines, strict=True):
        votes[one if machine.value(parameters, point) > 0 else other] += 1
    return max(classes, key=lambda label: votes[label])


def regressor(parameters: Parameters, values: Sequence[float], points: Numbers) -> Machine:
    """Train a machine whose decision about a point is the value there."""
    count = len(values)
    signs = np.concatenate([np.ones(count), -np.ones(count)])
    wanted = np.array(values)
    rows, diagonal = _kernel_rows(parameters, np.concatenate([points, points]), signs)
    problem = _Problem(rows, diagonal, signs, (signs > 0, signs < 0), parameters)
    rest = parameters.cost * parameters.nu * count / 2 - parameters.cost * np.arange(count)
    start = np.tile(np.clip(rest, 0.0, parameters.cost).astype(np.float64), 2)
    weights, rho = problem.solved(np.concatenate([-wanted, wanted]), start)
    return _machine(points, weights[:count] - weights[count:], rho)


def _machine(points: Numbers, weights: Numbers, rho: float) -> Machine:
    kept = np.flatnonzero(weights)
    return Machine(points[kept], weights[kept], rho)


def _kernel_rows(parameters: Parameters, points: Numbers, signs: Numbers) -> tuple[Rows, Numbers]:
    """Return the signed rows of the kernel, computed when asked for, and its diagonal."""

    @lru_cache(maxsize=max(2, _CACHE_BYTES // (8 * len(points))))
    def row(at: int) -> Numbers:
        found = signs[at] * signs * kernel(parameters, points, points[at])
        return found.astype(np.float32).astype(np.float64)

    own = [float(kernel(parameters, one[None, :], one)[0]) for one in points]
    return row, np.array(own)


@dataclass(frozen=True)
class _Problem:
    """Minimise a'Qa/2 + p'a with 0 <= a <= C, and y'a as it is at the start.

    So is e'a of each group, where there are two of them (nu-SVR): only weights of one group, which
    have the same sign there, are changed together.
    """

    rows: Rows
    diagonal: Numbers
    signs: Numbers
    groups: tuple[npt.NDArray[np.bool_], ...]
    parameters: Parameters

    def solved(self, linear: Numbers, weights: Numbers) -> tuple[Numbers, float]:
        """Return the weights and rho."""
        gradient = linear.copy()
        for at in np.flatnonzero(weights):
            gradient += weights[at] * self.rows(int(at))
        while (pair := self.pair(weights, gradient)) is not None:
            at, to = pair
            before = weights[at], weights[to]
            self.step(weights, gradient, at, to)
            gradient += self.rows(at) * (weights[at] - before[0])
            gradient += self.rows(to) * (weights[to] - before[1])
        return weights, fmean(self.rho(weights, gradient, group) for group in self.groups)

    def pair(self, weights: Numbers, gradient: Numbers) -> tuple[int, int] | None:
        """Choose two weights to change; None if the condition of optimality holds nearly."""
        cost, downhill = self.parameters.cost, -self.signs * gradient
        up = np.where(self.signs > 0, weights < cost, weights > 0)
        low = np.where(self.signs > 0, weights > 0, weights < cost)
        widest, least = -np.inf, np.inf
        chosen: tuple[int, int] | None = None
        for group in self.groups:
            ups, lows = up & group, low & group
            if not ups.any() or not lows.any():
                continue
            most = float(downhill[ups].max())
            at = int(np.flatnonzero(ups & (downhill == most))[-1])
            widest = max(widest, most - float(downhill[lows].min()))
            gain = most - downhill
            curve = self.diagonal[at] + self.diagonal
            curve = curve - 2 * self.signs[at] * self.signs * self.rows(at)
            falls = -(gain * gain) / np.where(curve > 0, curve, _FLAT)
            falls = np.where(lows & (gain > 0), falls, np.inf)
            if falls.min() < least or falls.min() == least < np.inf:
                least = float(falls.min())
                chosen = at, int(np.flatnonzero(falls == least)[-1])
        return chosen if widest >= self.parameters.tolerance else None

    def step(self, weights: Numbers, gradient: Numbers, at: int, to: int) -> None:
        """Go to the minimum over two weights, within their bounds and on the line y'a = 0."""
        cost, alike = self.parameters.cost, bool(self.signs[at] == self.signs[to])
        sign = -1.0 if alike else 1.0
        curve = self.diagonal[at] + self.diagonal[to] + sign * 2 * self.rows(at)[to]
        curve = curve if curve > 0 else _FLAT
        one, other = float(weights[at]), float(weights[to])
        if alike:
            total = one + other
            moved = other + (gradient[at] - gradient[to]) / curve
            moved = min(max(moved, total - cost, 0.0), total, cost)
            weights[at], weights[to] = total - moved, moved
        else:
            apart = one - other
            moved = other + (-gradient[at] - gradient[to]) / curve
            moved = min(max(moved, -apart, 0.0), cost - apart, cost)
            weights[at], weights[to] = apart + moved, moved

    def rho(self, weights: Numbers, gradient: Numbers, group: npt.NDArray[np.bool_]) -> float:
        """Return the mean slope of what is between the bounds, or the middle of the others."""
        cost = self.parameters.cost
        signs, inside, slopes = self.signs[group], weights[group], (self.signs * gradient)[group]
        free = (inside > 0) & (inside < cost)
        if free.any():
            return float(slopes[free].mean())
        above = slopes[np.where(signs > 0, inside <= 0, inside >= cost)]
        below = slopes[np.where(signs > 0, inside >= cost, inside <= 0)]
        upper = float(above.min()) if len(above) else np.inf
        lower = float(below.max()) if len(below) else -np.inf
        return (upper + lower) / 2
