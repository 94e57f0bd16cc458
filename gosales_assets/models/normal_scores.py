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
    it stays NaN, and is not counted.
    """
    known = ~np.isnan(values)
    if known.all():
        return _of_known(values)
    scores = np.full(len(values), np.nan, dtype=np.float32)
    scores[known] = _of_known(values[known])
    return scores


def same_values(some: Numbers, others: Numbers) -> bool:
    """Whether two columns hold the same values in the same order, bit by bit."""
    return np.array_equal(some.view(np.uint32), others.view(np.uint32))


def _of_known(values: Numbers) -> Numbers:
    from scipy.special import ndtri

    order, starts = _sorted(values)
    ends = np.append(starts[1:], len(values))
    shares = ((starts + ends) / 2 / max(len(values), 1)).astype(np.float32)
    of_each: Numbers = ndtri(np.clip(shares, TAIL, 1 - TAIL)).astype(np.float32)
    scores = np.empty_like(values)
    scores[order] = np.repeat(of_each, ends - starts)
    return scores


def _sorted(values: Numbers) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Positions of the values in ascending order, and where in it each different value starts.

    Value and position are packed into one whole number each, which numpy sorts by vector
    instructions: half the time of an argsort, a tenth where few values differ.
    """
    bits = (values + np.float32(0)).view(np.uint32)  # -0 is 0
    ascending = np.where(bits & _SIGN, ~bits, bits | _SIGN)
    packed = ascending.astype(np.uint64) << _HALF
    packed |= np.arange(len(values), dtype=np.uint64)
    packed.sort()
    sorted_values = packed >> _HALF
    is_start = np.empty(len(values), dtype=np.bool_)
    is_start[:1] = True
    np.not_equal(sorted_values[1:], sorted_values[:-1], out=is_start[1:])
    return packed.astype(np.uint32).astype(np.intp), np.flatnonzero(is_start)
