"""Likelihood of the Gaussian process, its exact derivatives, and its prediction: compiled, no Python per point.

The model is that of Allam & McEwen 2021 (§3.2) after Boone 2019: one two-dimensional Matérn-3/2 process over time and
wavelength, zero mean, the reported flux errors as noise, all bands fitted together:

    r²_ij = (t_i − t_j)²/M₀ + (λ_i − λ_j)²/M₁,   k_ij = A (1 + √3 r) exp(−√3 r),   K = k + N,  N = diag(σ² + 1.25e-12)

with M₁ = (6000 Å)² fixed, and two free parameters, ln A and ln M₀. (Allam's thesis prints eq. 3.16 with a plus sign in
the exponent: a misprint.) First and second derivatives of −ln L after Rasmussen & Williams 2006, eq. 5.9 and its own
derivative, with ∂k/∂ln A = k and ∂k_ij/∂ln M₀ = D_ij = (3/2) A (Δt²/M₀) exp(−√3 r).

Functions work in a scratch array, `workspace(n)`. Sums may be reassociated (that is what fills the vector units); NaN
and infinity keep their meaning.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

WAVELENGTH_SCALE = 6000.0
#: george adds this to the diagonal (its default white noise), and so do we: 1.25e-12.
WHITE_NOISE = 1.25e-12
_SQRT3 = np.sqrt(3.0)
_LOG_2PI = np.log(2.0 * np.pi)
FAST = {"contract", "reassoc", "nsz"}
#: Layers of the scratch array: L (lower), A exp(−√3 r) and √3 r (lower), L⁻¹ (lower), K⁻¹, D, and K⁻¹D.
CHOL, DECAY, REACH, INVERSE, PRECISION, CHANGE, PRODUCT = range(7)
LAYERS = 7


def workspace(n: int) -> NDArray[np.float64]:
    """Scratch for a light curve of n points: (7, n, n)."""
    return np.zeros((LAYERS, n, n))


@njit(cache=True, fastmath=FAST)
def factorise(log_a, log_m0, t, lam, y, e, work, alpha):
    """L into ``work[CHOL]`` and K⁻¹y into ``alpha``; returns −ln L, or inf where K is not positive definite."""
    n = y.size
    chol, decay, reach = work[CHOL], work[DECAY], work[REACH]
    a = np.exp(log_a)
    inv_m0 = np.exp(-log_m0)
    inv_m1 = 1.0 / (WAVELENGTH_SCALE * WAVELENGTH_SCALE)
    for i in range(n):
        for j in range(i):
            dt = t[i] - t[j]
            dl = lam[i] - lam[j]
            s = _SQRT3 * np.sqrt(dt * dt * inv_m0 + dl * dl * inv_m1)
            d = a * np.exp(-s)
            reach[i, j] = s
            decay[i, j] = d
            chol[i, j] = (1.0 + s) * d
        chol[i, i] = a + e[i] * e[i] + WHITE_NOISE
    log_det = 0.0
    for i in range(n):  # alpha holds 1 / L_ii meanwhile
        for j in range(i):
            total = chol[i, j]
            for k in range(j):
                total -= chol[i, k] * chol[j, k]
            chol[i, j] = total * alpha[j]
        total = chol[i, i]
        for k in range(i):
            total -= chol[i, k] * chol[i, k]
        if not total > 0.0:
            return np.inf
        chol[i, i] = np.sqrt(total)
        alpha[i] = 1.0 / chol[i, i]
        log_det += np.log(chol[i, i])
    quadratic = 0.0
    for i in range(n):
        inverse_diagonal = alpha[i]
        total = y[i]
        for k in range(i):
            total -= chol[i, k] * alpha[k]
        alpha[i] = total * inverse_diagonal
        quadratic += alpha[i] * alpha[i]
    for i in range(n - 1, -1, -1):
        value = alpha[i] / chol[i, i]
        alpha[i] = value
        for k in range(i):
            alpha[k] -= chol[i, k] * value
    return 0.5 * quadratic + log_det + 0.5 * n * _LOG_2PI


@njit(cache=True, fastmath=FAST)
def invert(work):
    """L⁻¹ into ``work[INVERSE]`` (lower), after `factorise`."""
    chol, inverse = work[CHOL], work[INVERSE]
    for i in range(chol.shape[0]):
        diagonal = 1.0 / chol[i, i]
        for j in range(i):
            inverse[i, j] = 0.0
        for k in range(i):
            factor = -chol[i, k] * diagonal
            for j in range(k + 1):
                inverse[i, j] += factor * inverse[k, j]
        inverse[i, i] = diagonal


@njit(cache=True, fastmath=FAST)
def derivatives(log_m0, t, y, e, work, alpha, grad, hess):
    """First and second derivatives of −ln L by (ln A, ln M₀), after `factorise` at that point.

    grad : (2,). hess : (3,), receives ∂²/∂a², ∂²/∂a∂m, ∂²/∂m². D has no division by r; its own derivative has one,
    and vanishes where r does.
    """
    n = y.size
    decay, reach, inverse = work[DECAY], work[REACH], work[INVERSE]
    precision, change, product = work[PRECISION], work[CHANGE], work[PRODUCT]
    inv_m0 = np.exp(-log_m0)
    invert(work)
    for i in range(n):
        for j in range(i + 1):
            precision[i, j] = 0.0
    for k in range(n):
        for i in range(k + 1):
            factor = inverse[k, i]
            for j in range(i + 1):
                precision[i, j] += factor * inverse[k, j]
    trace_m = trace_second = quad_m = quad_second = 0.0
    for i in range(n):
        change[i, i] = 0.0
        for j in range(i):
            precision[j, i] = precision[i, j]
            dt = t[i] - t[j]
            d2 = dt * dt * inv_m0
            d = 1.5 * d2 * decay[i, j]
            s = reach[i, j]
            second = d * (1.5 * d2 / s - 1.0) if s > 0.0 else 0.0
            change[i, j] = change[j, i] = d
            pair = alpha[i] * alpha[j]
            quad_m += 2.0 * pair * d
            quad_second += 2.0 * pair * second
            trace_m += 2.0 * precision[i, j] * d
            trace_second += 2.0 * precision[i, j] * second
    for i in range(n):
        for j in range(n):
            product[i, j] = 0.0
        for k in range(n):
            factor = precision[i, k]
            for j in range(n):
                product[i, j] += factor * change[k, j]
    # k = K − N turns all traces and forms of k into those of the diagonal N.
    noise, noise_square, cross, square, quad_a = 0.0, 0.0, 0.0, 0.0, 0.0
    form_aa, form_am, form_mm = 0.0, 0.0, 0.0
    for i in range(n):
        noise_i = e[i] * e[i] + WHITE_NOISE
        noise += precision[i, i] * noise_i
        weighted, moved, turned = 0.0, 0.0, 0.0
        for j in range(n):
            noise_j = e[j] * e[j] + WHITE_NOISE
            scaled = precision[i, j] * noise_j
            noise_square += scaled * precision[i, j] * noise_i
            cross += scaled * product[j, i]
            square += product[i, j] * product[j, i]
            weighted += scaled * alpha[j]
            moved += product[i, j] * alpha[j]
            turned += change[i, j] * alpha[j]
        signal = y[i] - noise_i * alpha[i]  # (kα)_i
        quad_a += alpha[i] * signal
        form_aa += signal * (alpha[i] - weighted)
        form_am += signal * moved
        form_mm += turned * moved
    trace_a = n - noise
    grad[0] = 0.5 * (trace_a - quad_a)
    grad[1] = 0.5 * (trace_m - quad_m)
    hess[0] = 0.5 * (trace_a - (n - 2.0 * noise + noise_square) - quad_a) + form_aa
    hess[1] = 0.5 * (trace_m - (trace_m - cross) - quad_m) + form_am
    hess[2] = 0.5 * (trace_second - square - quad_second) + form_mm


@njit(cache=True, fastmath=FAST)
def predict(t_new, lam_new, t, lam, log_a, log_m0, inverse, alpha, mean, std):
    """Mean and standard deviation of the process (without measurement noise) at times ``t_new`` (m,) and one wavelength.

    inverse : L⁻¹. The exponential is a polynomial of x/1024 squared ten times: 1e-12 relative, and it fills the vector
    units, which the library's does not.
    """
    n = t.size
    a = np.exp(log_a)
    inv_m0 = np.exp(-log_m0)
    inv_m1 = 1.0 / (WAVELENGTH_SCALE * WAVELENGTH_SCALE)
    k_star = np.empty(n)
    for i in range(t_new.size):
        for j in range(n):
            dt = t_new[i] - t[j]
            dl = lam_new - lam[j]
            s = min(_SQRT3 * np.sqrt(dt * dt * inv_m0 + dl * dl * inv_m1), 50.0)
            x = s * (-1.0 / 1024.0)
            p = 1.0 / 720.0 + x * (1.0 / 5040.0 + x * (1.0 / 40320.0))
            p = 1.0 + x * (1.0 + x * (0.5 + x * (1.0 / 6.0 + x * (1.0 / 24.0 + x * (1.0 / 120.0 + x * p)))))
            p = p * p
            p = p * p
            p = p * p
            p = p * p
            p = p * p
            p = p * p
            p = p * p
            p = p * p
            p = p * p
            p = p * p
            k_star[j] = a * (1.0 + s) * p
        total = 0.0
        for j in range(n):
            total += k_star[j] * alpha[j]
        mean[i] = total
        variance = a
        for j in range(n):
            value = 0.0
            for k in range(j + 1):
                value += inverse[j, k] * k_star[k]
            variance -= value * value
        std[i] = np.sqrt(max(variance, 0.0))
