"""GPFit: a fitted Gaussian process that can be asked for its mean and uncertainty at any time and band."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.bands import WAVELENGTH
from core.gp import engine
from core.lightcurve import LightCurve


@dataclass(frozen=True)
class GPFit:
    """The Gaussian process of one light curve.

    engine : which code fitted it ("compiled" or "george"). amplitude : prior standard deviation √A [FLUXCAL].
    time_scale : √M₀ [d]. log_likelihood : log marginal likelihood at the optimum.
    converged : False means the best point found was kept. at_bound : names of parameters at a bound of the fit.
    """

    engine: str
    amplitude: float
    time_scale: float
    log_likelihood: float
    converged: bool
    at_bound: tuple[str, ...]
    reference_mjd: float
    _t: NDArray[np.float64]
    _lam: NDArray[np.float64]
    _inverse: NDArray[np.float64]
    _alpha: NDArray[np.float64]

    def predict(self, mjd: ArrayLike, band: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean and standard deviation [FLUXCAL] at times ``mjd`` (m,) in one band (index)."""
        t_new = np.ascontiguousarray(np.asarray(mjd, dtype=np.float64).ravel() - self.reference_mjd)
        mean, std = np.empty(len(t_new)), np.empty(len(t_new))
        log_a, log_m0 = 2.0 * np.log(self.amplitude), 2.0 * np.log(self.time_scale)
        wavelength = float(WAVELENGTH[band])
        engine.predict(t_new, wavelength, self._t, self._lam, log_a, log_m0, self._inverse, self._alpha, mean, std)
        return mean, std

    def mean(self, mjd: ArrayLike, band: int) -> NDArray[np.float64]:
        """(m,) mean [FLUXCAL] at times ``mjd`` in one band (index)."""
        return self.predict(mjd, band)[0]

    def std(self, mjd: ArrayLike, band: int) -> NDArray[np.float64]:
        """(m,) standard deviation [FLUXCAL] of the process at times ``mjd`` in one band, without measurement noise."""
        return self.predict(mjd, band)[1]


def fit_gp(curve: LightCurve) -> GPFit:
    """Fit the published two-dimensional Matérn-3/2 process to a light curve with the compiled engine."""
    t, lam = _coordinates(curve)
    theta = np.empty(2)
    flux, flux_err = np.ascontiguousarray(curve.flux), np.ascontiguousarray(curve.flux_err)
    _, status = engine.fit(t, lam, flux, flux_err, engine.workspace(len(t)), np.empty(len(t)), theta)
    return fit_at(
        curve, amplitude=float(np.exp(0.5 * theta[0])), time_scale=float(np.exp(0.5 * theta[1])), status=int(status)
    )


def fit_at(
    curve: LightCurve, *, amplitude: float, time_scale: float, status: int = 0, engine_name: str = "compiled"
) -> GPFit:
    """The process at given hyper-parameters: amplitude √A [FLUXCAL], time scale [d]. status : the engine's word."""
    t, lam = _coordinates(curve)
    work, alpha = engine.workspace(len(t)), np.empty(len(t))
    flux, flux_err = np.ascontiguousarray(curve.flux), np.ascontiguousarray(curve.flux_err)
    log_a, log_m0 = 2.0 * np.log(amplitude), 2.0 * np.log(time_scale)
    value = engine.factorise(log_a, log_m0, t, lam, flux, flux_err, work, alpha)
    engine.invert(work)
    return GPFit(
        engine=engine_name,
        amplitude=amplitude,
        time_scale=time_scale,
        log_likelihood=-float(value),
        converged=not status & engine.NOT_CONVERGED,
        at_bound=bound_names(status),
        reference_mjd=float(curve.mjd[0]),
        _t=t,
        _lam=lam,
        _inverse=work[engine.INVERSE].copy(),
        _alpha=alpha,
    )


def bound_names(status: int) -> tuple[str, ...]:
    """The parameters that a status word of the engine reports at a bound."""
    names = []
    if status & engine.AMPLITUDE_AT_BOUND:
        names.append("amplitude")
    if status & engine.TIME_SCALE_AT_BOUND:
        names.append("time scale")
    return tuple(names)


def _coordinates(curve: LightCurve) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    t = np.ascontiguousarray(curve.mjd - curve.mjd[0])
    return t, np.ascontiguousarray(WAVELENGTH[curve.band])
