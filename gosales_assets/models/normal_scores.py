"""Normal scores: where each value of a group stands among the others, on the scale of a normal."""

import numpy as np
from numpy.typing import NDArray

TAIL = 0.001

Numbers = NDArray[np.float32]

_SIGN = np.uint32(0x8000_0000)
_HALF = np.uint64(32)


def normal_scores(values: Numbers) -> Numbers:
    """Normal score of each value's rank among the values: within 3.1 standard deviations.

    A rank is the share of the values below, equal ones (and itself) counted half. NaN is no value:
    it stays NaN, and is not counted. Zeros, which most columns are full of, are not sorted.
    """
    from scipy.special import ndtri

    zero = values == 0
    others = np.flatnonzero(~(zero | np.isnan(values)))
    zeros, negative = np.count_nonzero(zero), np.count_nonzero(values < 0)
    order, starts = _sorted(values[others])
    ends = np.append(starts[1:], len(others))
    # Twice the values below, equal ones counted half; of the zeros last. Whole numbers: exact.
    below = starts + ends + np.where(starts < negative, 0, 2 * zeros)
    below = np.append(below, 2 * negative + zeros)
    ranks = (below / (2 * max(len(others) + int(zeros), 1))).astype(np.float32)
    told: Numbers = ndtri(np.clip(ranks, TAIL, 1 - TAIL)).astype(np.float32)
    scores = np.full(len(values), np.nan, dtype=np.float32)
    scores[zero] = told[-1]
    scores[others[order]] = np.repeat(told[:-1], ends - starts)
    return scores


def same_values(some: Numbers, others: Numbers) -> bool:
    """Whether two columns hold the same values in the same order, bit by bit."""
    return np.array_equal(some.view(np.uint32), others.view(np.uint32))


def _sorted(values: Numbers) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Positions of values other than zero, ascending, and where in it each different one starts.

    Value and position are packed into one whole number each, which numpy sorts by vector
    instructions, in less time than an argsort.
    """
    bits = values.view(np.uint32)
    ascending = np.where(bits & _SIGN, ~bits, bits | _SIGN)
    packed = ascending.astype(np.uint64) << _HALF
    packed |= np.arange(len(values), dtype=np.uint64)
    packed.sort()
    sorted_values = packed >> _HALF
    is_start = np.empty(len(values), dtype=np.bool_)
    is_start[:1] = True
    np.not_equal(sorted_values[1:], sorted_values[:-1], out=is_start[1:])
    return packed.astype(np.uint32).astype(np.intp), np.flatnonzero(is_start)
