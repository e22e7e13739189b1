"""The compiled Gaussian process: many light curves per call, no Python per point.

The model is that of Allam & McEwen 2021 (§3.2) after Boone 2019: one two-dimensional Matérn-3/2 process over time and
wavelength, zero mean, the reported flux errors as noise, all bands fitted together:

    r²_ij = (t_i − t_j)²/M₀ + (λ_i − λ_j)²/M₁,   k_ij = A (1 + √3 r) exp(−√3 r),   K = k + diag(σ² + 1.25e-12)

with M₁ = (6000 Å)² fixed, and two free parameters, ln A and ln M₀, found by maximum likelihood inside the published
bounds from the published start. (Allam's thesis prints eq. 3.16 with a plus sign in the exponent: a misprint.)

Everything here is numba-compiled, single-threaded, deterministic and cached on disk. `core.gp.george` is the oracle.
"""

from __future__ import annotations

import numpy as np
from numba import njit

WAVELENGTH_SCALE = 6000.0
#: george adds this to the diagonal (its default white noise), and so do we: 1.25e-12.
WHITE_NOISE = 1.25e-12
LOG_M0_BOUNDS = (0.0, np.log(1e6))  # time scale 1 to 1000 d
LOG_M0_START = np.log(400.0)  # 20 d
LOG_A_HALF_RANGE = 10.0
#: Below this many points the likelihood is often multimodal, and further starts are worth their microseconds.
MULTISTART_BELOW = 30
_LOG_M0_STARTS = (np.log(400.0), np.log(9.0), np.log(6400.0))  # 20 d (published), 3 d, 80 d
_SQRT3 = np.sqrt(3.0)
_LOG_2PI = np.log(2.0 * np.pi)

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
def factorise(log_a, log_m0, t, lam, y, e, chol, alpha):
    """Cholesky factor of K into ``chol`` (lower) and K⁻¹y into ``alpha``; returns −ln L, or inf if K is not positive."""
    n = y.size
    a = np.exp(log_a)
    inv_m0 = np.exp(-log_m0)
    inv_m1 = 1.0 / (WAVELENGTH_SCALE * WAVELENGTH_SCALE)
    for i in range(n):
        for j in range(i):
            dt = t[i] - t[j]
            dl = lam[i] - lam[j]
            s = _SQRT3 * np.sqrt(dt * dt * inv_m0 + dl * dl * inv_m1)
            chol[i, j] = a * (1.0 + s) * np.exp(-s)
        chol[i, i] = a + e[i] * e[i] + WHITE_NOISE
    log_det = 0.0
    for i in range(n):
        for j in range(i + 1):
            total = chol[i, j]
            for k in range(j):
                total -= chol[i, k] * chol[j, k]
            if i == j:
                if not total > 0.0:
                    return np.inf
                chol[i, i] = np.sqrt(total)
                log_det += np.log(chol[i, i])
            else:
                chol[i, j] = total / chol[j, j]
    quadratic = 0.0
    for i in range(n):
        total = y[i]
        for k in range(i):
            total -= chol[i, k] * alpha[k]
        alpha[i] = total / chol[i, i]
        quadratic += alpha[i] * alpha[i]
    for i in range(n - 1, -1, -1):
        total = alpha[i]
        for k in range(i + 1, n):
            total -= chol[k, i] * alpha[k]
        alpha[i] = total / chol[i, i]
    return 0.5 * quadratic + log_det + 0.5 * n * _LOG_2PI


@njit(cache=True)
def _gradient(log_a, log_m0, t, lam, e, chol, alpha, inverse, grad):
    """d(−ln L)/d(ln A, ln M₀) into ``grad``, after `factorise`; ``inverse`` is scratch for L⁻¹.

    dK/d ln A = k and dK_ij/d ln M₀ = (3/2) A (Δt²/M₀) exp(−√3 r): no division by r, zero on the diagonal.
    """
    n = alpha.size
    a = np.exp(log_a)
    inv_m0 = np.exp(-log_m0)
    inv_m1 = 1.0 / (WAVELENGTH_SCALE * WAVELENGTH_SCALE)
    for j in range(n):  # L⁻¹, column by column; row-major inner loops
        inverse[j, j] = 1.0 / chol[j, j]
    for i in range(n):
        for j in range(i):
            total = 0.0
            for k in range(j, i):
                total -= chol[i, k] * inverse[k, j]
            inverse[i, j] = total * inverse[i, i]
    trace_noise = 0.0
    quad_a = 0.0
    for i in range(n):
        noise = e[i] * e[i] + WHITE_NOISE
        diagonal = 0.0
        for k in range(i, n):
            diagonal += inverse[k, i] * inverse[k, i]
        trace_noise += diagonal * noise
    for i in range(n):
        quad_a -= alpha[i] * alpha[i] * (e[i] * e[i] + WHITE_NOISE)
    # y'K⁻¹y is recovered from the factor: |L'α|², so that the caller need not pass y.
    y_alpha = 0.0
    for i in range(n):
        total = 0.0
        for k in range(i, n):
            total += chol[k, i] * alpha[k]
        y_alpha += total * total
    grad[0] = 0.5 * ((n - trace_noise) - (y_alpha + quad_a))
    grad_m0 = 0.0
    for i in range(n):
        for j in range(i):
            dt = t[i] - t[j]
            if dt == 0.0:
                continue
            dl = lam[i] - lam[j]
            d2 = dt * dt * inv_m0
            s = _SQRT3 * np.sqrt(d2 + dl * dl * inv_m1)
            dk = 1.5 * a * d2 * np.exp(-s)
            if dk == 0.0:
                continue
            k_inverse = 0.0
            for k in range(i, n):
                k_inverse += inverse[k, i] * inverse[k, j]
            grad_m0 += (k_inverse - alpha[i] * alpha[j]) * dk
    grad[1] = grad_m0  # both triangles: 2 x 1/2


@njit(cache=True)
def _descend(start_a, start_m0, low, high, t, lam, y, e, chol, alpha, inverse, tolerance, theta):
    """Projected BFGS in the two parameters from one start; best point into ``theta``. Returns (−ln L, converged)."""
    x = np.array([start_a, start_m0])
    grad = np.zeros(2)
    value = factorise(x[0], x[1], t, lam, y, e, chol, alpha)
    if not np.isfinite(value):
        theta[0], theta[1] = x[0], x[1]
        return np.inf, False
    _gradient(x[0], x[1], t, lam, e, chol, alpha, inverse, grad)
    h00, h01, h11 = 1.0, 0.0, 1.0
    first = True
    converged = False
    step = np.zeros(2)
    new_x = np.zeros(2)
    new_grad = np.zeros(2)
    for _ in range(100):
        free0 = not ((x[0] <= low[0] and grad[0] > 0) or (x[0] >= high[0] and grad[0] < 0))
        free1 = not ((x[1] <= low[1] and grad[1] > 0) or (x[1] >= high[1] and grad[1] < 0))
        g0 = grad[0] if free0 else 0.0
        g1 = grad[1] if free1 else 0.0
        if max(abs(g0), abs(g1)) < tolerance:
            converged = True
            break
        if first:  # a unit step along the gradient can leave the basin: at most 1 in log space
            shrink = 1.0 / max(1.0, np.sqrt(g0 * g0 + g1 * g1))
            step[0], step[1] = -g0 * shrink, -g1 * shrink
        elif free0 and free1:
            step[0] = -(h00 * g0 + h01 * g1)
            step[1] = -(h01 * g0 + h11 * g1)
        else:
            step[0] = -h00 * g0
            step[1] = -h11 * g1
        slope = step[0] * g0 + step[1] * g1
        if not slope < 0.0:
            h00, h01, h11 = 1.0, 0.0, 1.0
            step[0], step[1] = -g0, -g1
            slope = -(g0 * g0 + g1 * g1)
        longest = max(abs(step[0]), abs(step[1]))
        if longest > 3.0:
            step[0] *= 3.0 / longest
            step[1] *= 3.0 / longest
            slope *= 3.0 / longest
        size = 1.0
        new_value = np.inf
        accepted = False
        for _ in range(25):
            for d in range(2):
                new_x[d] = min(max(x[d] + size * step[d], low[d]), high[d])
            new_value = factorise(new_x[0], new_x[1], t, lam, y, e, chol, alpha)
            moved = (new_x[0] - x[0]) * g0 + (new_x[1] - x[1]) * g1
            if new_value <= value + 1e-4 * min(moved, 0.0) and np.isfinite(new_value):
                accepted = True
                break
            size *= 0.35
        if not accepted:
            converged = max(abs(g0), abs(g1)) < 1e-3 * max(1.0, abs(value))
            break
        _gradient(new_x[0], new_x[1], t, lam, e, chol, alpha, inverse, new_grad)
        s0, s1 = new_x[0] - x[0], new_x[1] - x[1]
        d0, d1 = new_grad[0] - grad[0], new_grad[1] - grad[1]
        sy = s0 * d0 + s1 * d1
        if sy > 1e-12:
            if first:
                h00 = h11 = sy / (d0 * d0 + d1 * d1)
                h01 = 0.0
                first = False
            rho = 1.0 / sy
            hy0, hy1 = h00 * d0 + h01 * d1, h01 * d0 + h11 * d1
            yhy = d0 * hy0 + d1 * hy1
            factor = rho * (1.0 + rho * yhy)
            h00 += factor * s0 * s0 - rho * 2.0 * hy0 * s0
            h01 += factor * s0 * s1 - rho * (hy0 * s1 + s0 * hy1)
            h11 += factor * s1 * s1 - rho * 2.0 * hy1 * s1
        fell = value - new_value
        x[0], x[1] = new_x[0], new_x[1]
        grad[0], grad[1] = new_grad[0], new_grad[1]
        value = new_value
        if fell <= 1e-10 * max(1.0, abs(value)):
            converged = True
            break
    theta[0], theta[1] = x[0], x[1]
    return value, converged


@njit(cache=True)
def fit(t, lam, y, e, chol, alpha, inverse, theta, tolerance=1e-6):
    """Fit one light curve; leaves the factor and K⁻¹y of the optimum in ``chol`` and ``alpha``.

    t : (n,) [d]. lam : (n,) [Å]. y, e : (n,) flux and error. theta : (2,), receives ln A and ln M₀.
    Returns (ln L, status word).
    """
    centre = np.log(scale_factor(y, e) ** 2 / 4.0)
    low = np.array([centre - LOG_A_HALF_RANGE, LOG_M0_BOUNDS[0]])
    high = np.array([centre + LOG_A_HALF_RANGE, LOG_M0_BOUNDS[1]])
    best = np.inf
    converged = False
    trial = np.zeros(2)
    starts = 3 if y.size < MULTISTART_BELOW else 1
    theta[0], theta[1] = centre, LOG_M0_START
    for s in range(starts):
        value, ok = _descend(centre, _LOG_M0_STARTS[s], low, high, t, lam, y, e, chol, alpha, inverse, tolerance, trial)
        # A later start must be better by more than rounding, or equal optima would depend on the last bit.
        if value < best - 1e-6 * max(1.0, abs(best)) or not np.isfinite(best):
            best, converged = value, ok
            theta[0], theta[1] = trial[0], trial[1]
    value = factorise(theta[0], theta[1], t, lam, y, e, chol, alpha)
    status = 0
    if not converged or not np.isfinite(value):
        status |= NOT_CONVERGED
    if theta[0] <= low[0] + 1e-6 or theta[0] >= high[0] - 1e-6:
        status |= AMPLITUDE_AT_BOUND
    if theta[1] <= low[1] + 1e-6 or theta[1] >= high[1] - 1e-6:
        status |= TIME_SCALE_AT_BOUND
    return -value, status


@njit(cache=True)
def predict(t_new, lam_new, t, lam, log_a, log_m0, chol, alpha, mean, std):
    """Mean and standard deviation of the process (without measurement noise) at (t_new, lam_new), both (m,)."""
    n = t.size
    a = np.exp(log_a)
    inv_m0 = np.exp(-log_m0)
    inv_m1 = 1.0 / (WAVELENGTH_SCALE * WAVELENGTH_SCALE)
    k_star = np.empty(n)
    for i in range(t_new.size):
        total = 0.0
        for j in range(n):
            dt = t_new[i] - t[j]
            dl = lam_new[i] - lam[j]
            s = _SQRT3 * np.sqrt(dt * dt * inv_m0 + dl * dl * inv_m1)
            k_star[j] = a * (1.0 + s) * np.exp(-s)
            total += k_star[j] * alpha[j]
        mean[i] = total
        variance = a
        for j in range(n):
            v = k_star[j]
            for k in range(j):
                v -= chol[j, k] * k_star[k]
            v /= chol[j, j]
            k_star[j] = v
            variance -= v * v
        std[i] = np.sqrt(max(variance, 0.0))


@njit(cache=True)
def interpolate(
    offsets, t, lam, y, e, grid_lam, length, step, before, times, mean, std, theta, log_l, status, centre, peak
):
    """Fit every light curve of a flat batch and evaluate it on its own time grid.

    offsets : (B+1,) rows of light curve b are offsets[b]:offsets[b+1]; t, lam, y, e : flat.
    grid_lam : (M,) wavelengths [Å]. step > 0: a fixed grid of ``length`` steps [d] that starts ``before`` days before
    the brightest point; step == 0: ``length`` times from the first to the last point (the published grid).
    Results: times (B, L) in the time of ``t``; mean, std (B, L, M); theta (B, 2); log_l, status, centre (B,);
    peak (B,), the largest |GP mean| at an observed point [flux].

    "Brightest" is the observed point where the GP mean is largest: one noisy outlier does not move the grid.
    """
    n_max = 1
    for b in range(offsets.size - 1):
        n_max = max(n_max, offsets[b + 1] - offsets[b])
    chol_full = np.empty((n_max, n_max))
    inverse_full = np.empty((n_max, n_max))
    alpha_full = np.empty(n_max)
    m_bands = grid_lam.size
    lam_new = np.empty(length)
    mean_new = np.empty(length)
    std_new = np.empty(length)
    for b in range(offsets.size - 1):
        lo, hi = offsets[b], offsets[b + 1]
        n = hi - lo
        tb, lb, yb, eb = t[lo:hi], lam[lo:hi], y[lo:hi], e[lo:hi]
        chol, inverse, alpha = chol_full[:n, :n], inverse_full[:n, :n], alpha_full[:n]
        log_l[b], status[b] = fit(tb, lb, yb, eb, chol, alpha, inverse, theta[b])
        best, largest, where, where_abs = -np.inf, 0.0, 0, 0
        for i in range(n):
            smooth = yb[i] - (eb[i] * eb[i] + WHITE_NOISE) * alpha[i]  # K* K⁻¹y at an observed point
            if smooth > best:
                best, where = smooth, i
            if abs(smooth) > largest:
                largest, where_abs = abs(smooth), i
        centre[b] = tb[where] if best > 0.0 else tb[where_abs]
        peak[b] = largest
        if step > 0.0:
            for i in range(length):
                times[b, i] = centre[b] - before + i * step
        else:
            for i in range(length):
                times[b, i] = tb[0] + (tb[n - 1] - tb[0]) * i / (length - 1)
        for m in range(m_bands):
            lam_new[:] = grid_lam[m]
            predict(times[b], lam_new, tb, lb, theta[b, 0], theta[b, 1], chol, alpha, mean_new, std_new)
            for i in range(length):
                mean[b, i, m] = mean_new[i]
                std[b, i, m] = std_new[i]
