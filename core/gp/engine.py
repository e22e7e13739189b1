"""The compiled Gaussian-process engine: many light curves per call, single-threaded, deterministic, cached on disk.

`core.gp.likelihood` has the model. Here it is fitted, by Newton's method with the exact Hessian, inside the published
bounds and from the published start, and evaluated on a recipe's grid. `core.gp.george` is the oracle.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from core.gp.likelihood import (
    CHOL,
    FAST,
    INVERSE,
    LAYERS,
    WAVELENGTH_SCALE,
    WHITE_NOISE,
    derivatives,
    factorise,
    invert,
    predict,
    workspace,
)

__all__ = ["CHOL", "INVERSE", "WAVELENGTH_SCALE", "factorise", "fit", "interpolate", "invert", "predict", "workspace"]

LOG_M0_BOUNDS = (0.0, np.log(1e6))  # time scale 1 to 1000 d
LOG_M0_START = np.log(400.0)  # 20 d
LOG_A_HALF_RANGE = 10.0
#: Below this many points the likelihood is often multimodal, and a look at further starts is worth its microseconds.
MULTISTART_BELOW = 30
_OTHER_STARTS = (np.log(9.0), np.log(6400.0))  # 3 d, 80 d
#: Another start is followed when −ln L there is within this of the best; gains were never found from further off.
_WORTH_A_START = 3.0
#: Stop when the next Newton step would gain less than this, relative to −ln L. That step is still taken.
TOLERANCE = 1e-7
_LONGEST_STEP = 2.5

# Bits of the status word of a fit.
NOT_CONVERGED = 1
AMPLITUDE_AT_BOUND = 2
TIME_SCALE_AT_BOUND = 4


@njit(cache=True)
def scale_factor(y, e):
    """|flux| of the point with the highest S/N, errors floored at 1 % of the largest flux (the published start)."""
    top = 0.0
    for i in range(y.size):
        if y[i] > top:
            top = y[i]
    best, scale = -1.0, 1.0
    for i in range(y.size):
        error = max(e[i], 0.01 * top)
        ratio = abs(y[i]) / error
        if ratio > best:
            best, scale = ratio, abs(y[i])
    return max(scale, 1e-12)


@njit(cache=True)
def _newton_step(g0, g1, hess, free0, free1):
    """The step −|H|⁻¹g in the free parameters: eigenvalues by magnitude, so that saddles are left, never sought."""
    if free0 and free1:
        middle = 0.5 * (hess[0] + hess[2])
        half = 0.5 * (hess[0] - hess[2])
        radius = np.sqrt(half * half + hess[1] * hess[1])
        first, second = 1.0 / max(abs(middle + radius), 1e-8), 1.0 / max(abs(middle - radius), 1e-8)
        cos2, mixed = 1.0, 0.0
        if radius > 0.0:
            cos2, mixed = 0.5 * (1.0 + half / radius), 0.5 * hess[1] / radius
        sin2 = 1.0 - cos2
        return (
            -((first * cos2 + second * sin2) * g0 + (first - second) * mixed * g1),
            -((first - second) * mixed * g0 + (first * sin2 + second * cos2) * g1),
        )
    if free0:
        return -g0 / max(abs(hess[0]), 1e-8), 0.0
    if free1:
        return 0.0, -g1 / max(abs(hess[2]), 1e-8)
    return 0.0, 0.0


@njit(cache=True)
def _descend(start_a, start_m0, low, high, t, lam, y, e, work, alpha, theta, known, known_value):
    """Newton in the box from one start; the optimum into ``theta``. Returns (−ln L, converged).

    known, known_value : the best optimum so far. A descent that is seen to end there returns inf and leaves off.
    """
    grad, hess = np.empty(2), np.empty(3)
    x0, x1 = start_a, start_m0
    value = factorise(x0, x1, t, lam, y, e, work, alpha)
    theta[0], theta[1] = x0, x1
    if not np.isfinite(value):
        return np.inf, False
    looked_at_bound = False
    for _ in range(60):
        derivatives(x1, t, y, e, work, alpha, grad, hess)
        g0, g1 = grad[0], grad[1]
        theta[0], theta[1] = x0, x1
        free0 = not ((x0 <= low[0] and g0 > 0) or (x0 >= high[0] and g0 < 0))
        free1 = not ((x1 <= low[1] and g1 > 0) or (x1 >= high[1] and g1 < 0))
        s0, s1 = _newton_step(g0, g1, hess, free0, free1)
        gain = -0.5 * (s0 * g0 + s1 * g1)
        size = max(1.0, abs(value))
        if not looked_at_bound and free1 and g1 != 0.0 and abs(hess[2]) < 0.05 and gain < 0.05 * size:
            # The likelihood runs out flat towards a bound: look there once instead of walking.
            looked_at_bound = True
            bound = high[1] if g1 < 0 else low[1]
            there = factorise(x0, bound, t, lam, y, e, work, alpha)
            if there <= value:
                x1, value = bound, there
                continue
            factorise(x0, x1, t, lam, y, e, work, alpha)
        if gain < TOLERANCE * size:
            theta[0] = min(max(x0 + s0, low[0]), high[0])
            theta[1] = min(max(x1 + s1, low[1]), high[1])
            return value, True
        if abs(value - gain - known_value) < 1e-3 and abs(x0 + s0 - known[0]) < 0.2 and abs(x1 + s1 - known[1]) < 0.2:
            return np.inf, True
        longest = max(abs(s0), abs(s1))
        factor = 1.0 if longest <= _LONGEST_STEP else _LONGEST_STEP / longest
        accepted = False
        for _ in range(20):
            n0 = min(max(x0 + factor * s0, low[0]), high[0])
            n1 = min(max(x1 + factor * s1, low[1]), high[1])
            new = factorise(n0, n1, t, lam, y, e, work, alpha)
            if new <= value + 1e-4 * min((n0 - x0) * g0 + (n1 - x1) * g1, 0.0):
                accepted = True
                break
            factor *= 0.3
        if not accepted:
            return value, gain < 1e-3 * size
        x0, x1, value = n0, n1, new
    return value, False


@njit(cache=True)
def fit(t, lam, y, e, work, alpha, theta):
    """Fit one light curve; leaves L and L⁻¹ of the optimum in ``work`` and K⁻¹y in ``alpha``.

    t : (n,) [d]. lam : (n,) [Å]. y, e : (n,) flux and error. work : `workspace`. theta : (2,), receives ln A and ln M₀.
    Returns (ln L, status word).
    """
    centre = np.log(scale_factor(y, e) ** 2 / 4.0)
    low = np.array([centre - LOG_A_HALF_RANGE, LOG_M0_BOUNDS[0]])
    high = np.array([centre + LOG_A_HALF_RANGE, LOG_M0_BOUNDS[1]])
    best, converged = _descend(centre, LOG_M0_START, low, high, t, lam, y, e, work, alpha, theta, theta, np.inf)
    if y.size < MULTISTART_BELOW:
        trial = np.empty(2)
        for start in _OTHER_STARTS:
            fitted = factorise(theta[0], start, t, lam, y, e, work, alpha)
            published = factorise(centre, start, t, lam, y, e, work, alpha)
            if min(fitted, published) > best + _WORTH_A_START:
                continue
            start_a = theta[0] if fitted <= published else centre
            value, ok = _descend(start_a, start, low, high, t, lam, y, e, work, alpha, trial, theta, best)
            # A later start must be better by more than rounding, or equal optima would depend on the last bit.
            if value < best - 1e-6 * max(1.0, abs(best)) or (np.isfinite(value) and not np.isfinite(best)):
                best, converged = value, ok
                theta[0], theta[1] = trial[0], trial[1]
    value = factorise(theta[0], theta[1], t, lam, y, e, work, alpha)
    invert(work)
    status = 0
    if not converged or not np.isfinite(value):
        status |= NOT_CONVERGED
    if theta[0] <= low[0] + 1e-6 or theta[0] >= high[0] - 1e-6:
        status |= AMPLITUDE_AT_BOUND
    if theta[1] <= low[1] + 1e-6 or theta[1] >= high[1] - 1e-6:
        status |= TIME_SCALE_AT_BOUND
    return -value, status


@njit(cache=True, fastmath=FAST)
def interpolate(
    offsets, t, lam, y, e, grid_lam, length, step, before, margin, times, mean, std, theta, log_l, status, centre, peak
):
    """Fit every light curve of a flat batch and evaluate it on its own time grid.

    offsets : (B+1,) rows of light curve b are offsets[b]:offsets[b+1]; t, lam, y, e : flat.
    grid_lam : (M,) wavelengths [Å]. step > 0: a fixed grid of ``length`` steps [d] that starts ``before`` days before
    the brightest point; step == 0: ``length`` times from the first to the last point (the published grid).
    margin : on a fixed grid, rows more than this many steps before the first or after the last point stay zero, since
    nothing reads them; negative: every row is computed.
    Results: times (B, L) in the time of ``t``; mean, std (B, L, M); theta (B, 2); log_l, status, centre (B,);
    peak (B,), the largest |GP mean| at an observed point [flux].

    "Brightest" is the observed point where the GP mean is largest: one noisy outlier does not move the grid.
    """
    n_max = 1
    for b in range(offsets.size - 1):
        n_max = max(n_max, offsets[b + 1] - offsets[b])
    scratch, alpha_full = np.empty(LAYERS * n_max * n_max), np.empty(n_max)
    mean_new, std_new = np.empty(length), np.empty(length)
    for b in range(offsets.size - 1):
        lo, hi = offsets[b], offsets[b + 1]
        n = hi - lo
        tb, lb, yb, eb = t[lo:hi], lam[lo:hi], y[lo:hi], e[lo:hi]
        work, alpha = scratch[: LAYERS * n * n].reshape((LAYERS, n, n)), alpha_full[:n]
        log_l[b], status[b] = fit(tb, lb, yb, eb, work, alpha, theta[b])
        best, largest, where, where_abs = -np.inf, 0.0, 0, 0
        for i in range(n):
            smooth = yb[i] - (eb[i] * eb[i] + WHITE_NOISE) * alpha[i]  # K* K⁻¹y at an observed point
            if smooth > best:
                best, where = smooth, i
            if abs(smooth) > largest:
                largest, where_abs = abs(smooth), i
        centre[b] = tb[where] if best > 0.0 else tb[where_abs]
        peak[b] = largest
        first, last = 0, length
        if step > 0.0:
            for i in range(length):
                times[b, i] = centre[b] - before + i * step
            if margin >= 0:
                reach = (margin + 0.5) * step
                while first < length and times[b, first] < tb[0] - reach:
                    first += 1
                while last > first and times[b, last - 1] > tb[n - 1] + reach:
                    last -= 1
        else:
            for i in range(length):
                times[b, i] = tb[0] + (tb[n - 1] - tb[0]) * i / (length - 1)
        mean[b], std[b] = 0.0, 0.0
        for m in range(grid_lam.size):
            predict(
                times[b, first:last], grid_lam[m], tb, lb, theta[b, 0], theta[b, 1], work[INVERSE], alpha,
                mean_new, std_new,
            )  # fmt: skip
            for i in range(first, last):
                mean[b, i, m] = mean_new[i - first]
                std[b, i, m] = std_new[i - first]
