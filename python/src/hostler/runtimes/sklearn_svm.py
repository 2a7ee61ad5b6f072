"""Labels of an RBF support vector classifier by matrix products.

libsvm goes through the support vectors one by one, row by row. The same votes come out of three matrix
products, a seventh of the work at 32 rows. The sums are taken in another order, so that a decision value
differs in its last bits; a label depends on signs alone, and the rows in which a sign hangs on those bits are
given to libsvm.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias, cast

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Matrix: TypeAlias = NDArray[np.float64]
    Indices: TypeAlias = NDArray[np.intp]

LARGEST_WEIGHTS: Final = 1 << 22
"""Entries of the weights of all pairs of classes, past which libsvm's own way takes less memory."""

BLOCK: Final = 1 << 20
"""Kernel values at once: more would not fit the caches."""

TOLERANCE: Final = 1e-13
"""Relative error of a decision value that is reckoned with: some hundred times what rounding can do."""


class Classifier(Protocol):
    """A fitted SVC or NuSVC."""

    kernel: object
    n_support_: NDArray[np.int32]
    support_vectors_: Matrix
    _dual_coef_: Matrix
    _intercept_: Matrix
    _gamma: float


def votes(model: object, exactly: Callable[[Matrix], NDArray[Any]]) -> Callable[[Matrix], Indices] | None:
    """A function from rows [rows, features] to the indices of their classes, as libsvm finds them.

    Args:
        model: a fitted classifier on dense input.
        exactly: libsvm itself; asked for rows that are too close to call.

    Returns:
        None where the kernel is another one, or there are too many classes for this.
    """
    svm = cast("Classifier", model)
    classes, support = len(svm.n_support_), len(svm.support_vectors_)
    pairs = [(one, other) for one in range(classes) for other in range(one + 1, classes)]
    if svm.kernel != "rbf" or not pairs or support * len(pairs) > LARGEST_WEIGHTS:
        return None
    decide = _decisions(svm, pairs)
    ballots = np.zeros((len(pairs), classes))
    for index, (one, other) in enumerate(pairs):
        ballots[index, one], ballots[index, other] = 1.0, -1.0
    losses = (ballots < 0).sum(axis=0)
    rows_at_once = max(1, BLOCK // support)

    def block(rows: Matrix) -> Indices:
        found, margin = decide(rows)
        indices: Indices = ((found > 0) @ ballots + losses).argmax(axis=1)
        close = ~(np.abs(found).min(axis=1) > margin)
        if close.any():
            indices[close] = exactly(np.ascontiguousarray(rows[close])).astype(np.intp)
        return indices

    def run(rows: Matrix) -> Indices:
        if len(rows) <= rows_at_once:
            return block(rows)
        starts = range(0, len(rows), rows_at_once)
        return np.concatenate([block(rows[start : start + rows_at_once]) for start in starts])

    return run


def _decisions(svm: Classifier, pairs: list[tuple[int, int]]) -> Callable[[Matrix], tuple[Matrix, Matrix]]:
    """Decision values of all pairs [rows, pairs], and the error [rows] that they may have."""
    weights = _pair_weights(svm, pairs)
    vectors = np.ascontiguousarray(svm.support_vectors_.T)
    lengths = np.einsum("ij,ij->j", vectors, vectors)
    gamma, intercept = svm._gamma, svm._intercept_
    scale = float(np.abs(weights).sum(axis=0).max() + np.abs(intercept).max()) * TOLERANCE
    longest = float(lengths.max())

    def decide(rows: Matrix) -> tuple[Matrix, Matrix]:
        own = np.einsum("ij,ij->i", rows, rows)
        kernel = rows @ vectors
        kernel *= 2.0
        kernel -= lengths
        kernel -= own[:, None]
        kernel *= gamma
        np.exp(kernel, out=kernel)
        found = kernel @ weights
        found += intercept
        return found, scale * (1.0 + gamma * (own + longest))

    return decide


def _pair_weights(svm: Classifier, pairs: list[tuple[int, int]]) -> Matrix:
    """libsvm's coefficients as one column per pair of classes [support vectors, pairs]."""
    ends = np.cumsum(svm.n_support_)
    spans = [slice(end - count, end) for end, count in zip(ends, svm.n_support_, strict=True)]
    weights = np.zeros((len(svm.support_vectors_), len(pairs)))
    for index, (one, other) in enumerate(pairs):
        weights[spans[one], index] = svm._dual_coef_[other - 1, spans[one]]
        weights[spans[other], index] = svm._dual_coef_[one, spans[other]]
    return weights
