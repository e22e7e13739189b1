"""The one table of what is drawn: for every simulated class its parameters, their ranges, and where they come from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from training.simulate.scene import Scene


class Law(Protocol):
    """How one parameter is distributed."""

    def draw(self, rng: np.random.Generator) -> float:
        """One value."""
        ...


@dataclass(frozen=True)
class Uniform:
    """Equally likely between low and high."""

    low: float
    high: float

    def draw(self, rng: np.random.Generator) -> float:
        """One value."""
        return float(rng.uniform(self.low, self.high))


@dataclass(frozen=True)
class LogUniform:
    """Equally likely per decade between low and high."""

    low: float
    high: float

    def draw(self, rng: np.random.Generator) -> float:
        """One value."""
        return float(np.exp(rng.uniform(np.log(self.low), np.log(self.high))))


@dataclass(frozen=True)
class Normal:
    """Gaussian with a width to the left and one to the right, cut at low and high."""

    mean: float
    left: float
    right: float
    low: float = -np.inf
    high: float = np.inf

    def draw(self, rng: np.random.Generator) -> float:
        """One value."""
        side = rng.uniform() < self.left / (self.left + self.right)
        step = abs(rng.normal()) * (-self.left if side else self.right)
        return float(min(max(self.mean + step, self.low), self.high))


@dataclass(frozen=True)
class LogNormal:
    """Gaussian in log10 (mean and width in dex), cut at low and high."""

    log_mean: float
    dex: float
    low: float = 0.0
    high: float = np.inf

    def draw(self, rng: np.random.Generator) -> float:
        """One value."""
        return float(min(max(10 ** rng.normal(self.log_mean, self.dex), self.low), self.high))


@dataclass(frozen=True)
class Exponential:
    """Falling from zero with a mean, cut at high."""

    mean: float
    high: float

    def draw(self, rng: np.random.Generator) -> float:
        """One value."""
        return float(min(rng.exponential(self.mean), self.high))


#: class or kind -> parameter -> law. Magnitudes are AB, times rest-frame days unless a name says otherwise.
TABLE: dict[str, dict[str, Law]] = {
    # Absolute B, stretch and colour: Scolnic & Kessler 2016; Tripp relation: Betoule et al. 2014.
    "SNIa": {
        "x1": Normal(0.5, 1.2, 0.6, -3.5, 2.5),
        "c": Normal(0.0, 0.05, 0.13, -0.2, 0.5),
        "scatter": Normal(0.0, 0.11, 0.11),
    },
    # Taubenberger 2017: M_B -16 to -17.7, fast and red. The two template series are redder still (B-V 1.2 to 1.4 at
    # peak, observed 0.4 to 0.9): bluer_b_minus_v tilts them.
    "SNIa-91bg": {
        "brightening": Normal(0.0, 0.35, 0.35, -1.0, 1.0),
        "mix": Uniform(0.0, 1.0),
        "bluer_b_minus_v": Normal(0.7, 0.2, 0.2, 0.1, 1.2),
        "stretch": Uniform(0.8, 1.25),
        "av_host": Exponential(0.1, 1.0),
    },
    # Foley et al. 2013, Jha 2017: M_V -14 to -18.6; fainter ones are faster.
    "SNIax": {
        "m_v": Normal(-17.2, 1.3, 0.7, -18.8, -14.0),
        "stretch_scatter": Normal(0.0, 0.08, 0.08, -0.2, 0.2),
        "c": Normal(0.1, 0.08, 0.12, -0.1, 0.5),
        "av_host": Exponential(0.1, 1.0),
    },
    # Richardson et al. 2014, Anderson et al. 2014.
    "SNII": {
        "m_r": Normal(-16.9, 1.0, 1.0, -19.5, -14.0),
        "stretch": Normal(0.97, 0.18, 0.2, 0.6, 1.5),
        "tail": Uniform(0.008, 0.02),
        "av_host": Exponential(0.1, 1.5),
    },
    "SNIIn": {
        "m_r": Normal(-18.7, 0.9, 0.9, -21.0, -16.0),
        "stretch": Normal(1.1, 0.2, 0.4, 0.7, 2.5),
        "tail": Uniform(0.005, 0.02),
        "av_host": Exponential(0.2, 1.5),
    },
    "SNIbc": {
        "m_r": Normal(-17.7, 0.9, 0.9, -20.0, -15.0),
        "stretch": Normal(1.0, 0.12, 0.25, 0.7, 1.8),
        "tail": Uniform(0.012, 0.025),
        "av_host": Exponential(0.3, 2.0),
    },
    # Nicholl et al. 2017, Gomez et al. 2024: magnetar fits of SLSNe.
    "SLSN-I": {
        "spin_ms": LogNormal(np.log10(2.8), 0.2, 0.9, 8.0),
        "field_1e14": LogNormal(np.log10(0.9), 0.3, 0.1, 6.0),
        "mass": LogNormal(np.log10(4.5), 0.3, 1.5, 30.0),
        "velocity_kms": Normal(9500.0, 2500.0, 2500.0, 4000.0, 18000.0),
        "floor_kk": Normal(9.3, 2.0, 2.5, 5.0, 14.0),
        "uv_cut": Uniform(2200.0, 3000.0),
        "av_host": Exponential(0.05, 0.8),
    },
    # van Velzen et al. 2021, Hammerstein et al. 2023.
    "TDE": {
        "log_l": Normal(43.5, 0.4, 0.5, 42.5, 45.3),
        "temperature_kk": LogNormal(np.log10(20.0), 0.13, 11.0, 45.0),
        "heating_kk": Normal(0.0, 3.0, 6.0, -6.0, 15.0),
        "rise": LogNormal(np.log10(14.0), 0.2, 4.0, 45.0),
        "fall": LogNormal(np.log10(75.0), 0.22, 12.0, 250.0),
        "power": Normal(5.0 / 3.0, 0.4, 0.4, 0.8, 3.0),
        "av_host": Exponential(0.1, 0.8),
    },
    # Kasen et al. 2017 grid; two components after Villar et al. 2017.
    "KN": {
        "blue_mass": LogUniform(0.005, 0.05),
        "blue_velocity": Uniform(0.15, 0.3),
        "blue_lanthanides": LogUniform(1e-5, 1e-3),
        "red_mass": LogUniform(0.005, 0.075),
        "red_velocity": Uniform(0.05, 0.2),
        "red_lanthanides": LogUniform(1e-3, 1e-1),
        "blue_visible": Uniform(0.0, 1.0),
    },
    # Davenport et al. 2014 (shape), Kowalski et al. 2013 (9-14 kK), Günther et al. 2020 (how often).
    "M-dwarf": {
        "r_quiet": Normal(19.0, 1.6, 1.5, 15.0, 22.0),
        "g_minus_r": Normal(1.45, 0.1, 0.1, 1.1, 1.7),
        "temperature_kk": Normal(10.0, 1.2, 2.0, 7.0, 16.0),
        "half_width_min": LogUniform(3.0, 60.0),
        "largest_amplitude": LogUniform(2.0, 150.0),
        "slope": Uniform(1.5, 2.1),
        "flares_per_day": LogUniform(0.3, 8.0),
    },
    # Sesar et al. 2010.
    "RRL": {
        "is_c": Uniform(0.0, 1.0),
        "r_mean": Normal(16.2, 1.2, 1.6, 13.0, 20.5),
        "g_minus_r": Normal(0.22, 0.08, 0.25, 0.0, 1.2),
        "blazhko": Exponential(0.06, 0.3),
    },
    # Prsa et al. 2011 (shapes and periods), Chen et al. 2020 (ZTF).
    "EB": {
        "kind": Uniform(0.0, 1.0),
        "r_mean": Normal(15.7, 1.3, 1.7, 12.5, 20.3),
        "g_minus_r": Normal(0.7, 0.3, 0.4, 0.0, 2.0),
        "depth": LogUniform(0.15, 1.8),
        "second_depth": Uniform(0.1, 1.0),
        "colour_of_dip": Normal(1.0, 0.06, 0.06, 0.8, 1.25),
    },
    # Iwanek et al. 2021, Soszynski et al. 2009: Miras and semi-regular long-period variables.
    "Mira": {
        "period": LogUniform(60.0, 600.0),
        "is_mira": Uniform(0.0, 1.0),
        "g_amplitude": Uniform(2.5, 7.0),
        "g_amplitude_semiregular": LogUniform(0.2, 2.5),
        "r_over_g": Normal(0.75, 0.08, 0.08, 0.5, 1.0),
        "r_mean": Normal(14.8, 1.5, 1.8, 11.5, 19.5),
        "g_minus_r": Normal(1.8, 0.4, 0.9, 1.0, 4.5),
        "rise_fraction": Uniform(0.32, 0.5),
        "cycle_scatter": Exponential(0.12, 0.5),
    },
    # Paczynski 1986; time scales: Mroz et al. 2019, Rodriguez et al. 2022 (ZTF).
    "uLens": {
        "u0": Uniform(0.005, 1.0),
        "einstein_days": LogNormal(np.log10(30.0), 0.35, 3.0, 300.0),
        "unblended": Uniform(0.15, 1.0),
        "r_baseline": Normal(17.8, 1.2, 1.2, 14.5, 20.5),
        "g_minus_r": Normal(1.0, 0.3, 0.4, 0.3, 2.2),
        "blend_colour": Normal(0.0, 0.2, 0.2),
    },
    # MacLeod et al. 2010: damped random walk. Smith et al. 2018: spectra steeper than that in many nuclei.
    "AGN": {
        "redshift": LogNormal(np.log10(0.35), 0.35, 0.01, 2.5),
        "r_mean": Normal(18.3, 1.0, 1.0, 14.5, 20.8),
        "g_minus_r": Normal(0.3, 0.15, 0.25, -0.1, 1.2),
        "log_sf": Normal(-0.7, 0.2, 0.25, -1.3, 0.0),
        "log_tau": Normal(2.4, 0.5, 0.4, 1.0, 3.5),
        "r_over_g": Normal(0.86, 0.06, 0.06, 0.6, 1.05),
        "steep": Uniform(0.0, 1.0),
        "smooth": LogUniform(10.0, 120.0),
    },
    # Coppejans et al. 2016 (dwarf novae): amplitudes, recurrence, rise and decline.
    "CV": {
        "r_quiet": Normal(19.8, 1.3, 1.3, 15.5, 22.5),
        "g_minus_r_quiet": Normal(0.3, 0.3, 0.4, -0.3, 1.5),
        "g_minus_r_outburst": Normal(0.0, 0.1, 0.15, -0.3, 0.8),
        "amplitude": Normal(3.3, 1.0, 1.4, 1.5, 8.0),
        "recurrence": LogUniform(15.0, 800.0),
        "rise": LogUniform(0.3, 2.5),
        "plateau": LogUniform(1.0, 18.0),
        "fall_mag_per_day": LogUniform(0.15, 1.0),
    },
    # Strope et al. 2010.
    "nova": {
        "r_peak": Normal(15.5, 2.0, 2.5, 11.0, 19.5),
        "g_minus_r": Normal(0.6, 0.4, 0.6, -0.1, 2.5),
        "rise": LogUniform(0.5, 4.0),
        "t2": LogUniform(3.0, 120.0),
        "reddening_rate": Normal(0.0, 0.004, 0.008),
    },
    # Cody et al. 2014: dippers, bursters and stochastic young stars.
    "YSO": {
        "r_mean": Normal(16.5, 1.3, 1.5, 13.0, 20.0),
        "g_minus_r": Normal(1.4, 0.3, 0.4, 0.6, 2.5),
        "log_sf": Normal(-0.5, 0.2, 0.3, -1.1, 0.1),
        "log_tau": Uniform(0.0, 1.9),
        "r_over_g": Normal(0.78, 0.08, 0.1, 0.5, 1.0),
        "dips": Uniform(0.0, 1.0),
        "dip_depth": Uniform(0.3, 2.0),
        "dip_period": LogUniform(2.0, 20.0),
    },
    # Soszynski et al. 2008; Jurcsik & Hajdu 2022.
    "cepheid": {
        "period": LogUniform(1.5, 40.0),
        "g_amplitude": Uniform(0.4, 1.4),
        "r_mean": Normal(14.5, 1.0, 1.8, 12.0, 19.5),
        "g_minus_r": Normal(0.8, 0.3, 0.5, 0.2, 2.5),
    },
    "delta-scuti": {
        "period": LogUniform(0.04, 0.2),
        "g_amplitude": Uniform(0.15, 0.8),
        "r_mean": Normal(15.5, 1.2, 1.8, 12.5, 20.0),
        "g_minus_r": Normal(0.15, 0.1, 0.25, -0.1, 1.0),
    },
}


def draw(name: str, rng: np.random.Generator) -> dict[str, float]:
    """One draw of every parameter of a row of the table, in the table's order."""
    return {parameter: law.draw(rng) for parameter, law in TABLE[name].items()}


#: What LSST meets instead: it saturates near 16 and sees four magnitudes deeper, so its stars and nuclei are fainter.
TABLE_LSST: dict[str, dict[str, Law]] = {
    "RRL": {"r_mean": Normal(19.5, 1.8, 2.0, 16.3, 24.0)},
    "EB": {"r_mean": Normal(20.0, 2.0, 1.8, 16.3, 24.0)},
    "Mira": {"r_mean": Normal(18.5, 1.2, 2.2, 16.3, 24.0)},
    "uLens": {"r_baseline": Normal(21.0, 1.8, 1.5, 16.5, 24.5)},
    "M-dwarf": {"r_quiet": Normal(21.0, 1.8, 1.8, 16.5, 25.0)},
    "AGN": {"r_mean": Normal(20.5, 1.3, 1.3, 16.5, 23.5), "redshift": LogNormal(0.05, 0.28, 0.03, 4.5)},
    "CV": {"r_quiet": Normal(22.5, 1.8, 1.5, 17.0, 27.0)},
    "nova": {"r_peak": Normal(18.5, 1.5, 2.5, 16.0, 23.0)},
    "YSO": {"r_mean": Normal(19.5, 1.6, 2.0, 16.3, 24.0)},
    "cepheid": {"r_mean": Normal(18.5, 1.2, 2.0, 16.3, 24.0)},
    "delta-scuti": {"r_mean": Normal(19.5, 1.8, 2.0, 16.3, 24.0)},
}
#: The scene of a caller that says nothing.
ZTF = Scene("ztf", 20.6)


def draw_for(scene: Scene, name: str, rng: np.random.Generator) -> dict[str, float]:
    """One draw of every parameter of a row of the table, as the scene's survey meets them."""
    laws = TABLE[name] | (TABLE_LSST.get(name, {}) if scene.survey == "lsst" else {})
    return {parameter: law.draw(rng) for parameter, law in laws.items()}
