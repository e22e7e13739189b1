"""Distances agree with astropy's Planck 2018, and the absolute magnitude knows when it knows nothing."""

from dataclasses import replace

import numpy as np
import pytest

from core.cosmology import absolute_magnitude, comoving_mpc, distance_modulus, redshift_at
from core.model import load_model
from tests.curves import supernova


def test_distances_are_those_of_planck_2018():
    from astropy.cosmology import Planck18

    z = np.array([0.003, 0.02, 0.1, 0.5, 1.0, 2.0])
    # astropy adds radiation and neutrinos: a few thousandths of a magnitude at high redshift.
    assert np.max(np.abs(distance_modulus(z) - Planck18.distmod(z).value)) < 0.01
    assert comoving_mpc(z) == pytest.approx(Planck18.comoving_distance(z).value, rel=0.005)


def test_redshift_and_distance_modulus_invert_each_other():
    z = np.array([0.004, 0.08, 0.9])
    assert redshift_at(distance_modulus(z)) == pytest.approx(z, rel=1e-3)


def test_a_magnitude_19_source_at_z_0_08_is_a_type_ia():
    assert absolute_magnitude(10 ** (0.4 * (27.5 - 18.7)), 0.08) == pytest.approx(-19.2, abs=0.1)


@pytest.mark.parametrize(("flux", "redshift"), [(100.0, float("nan")), (100.0, 0.0), (-5.0, 0.1), (0.0, 0.1)])
def test_without_flux_or_redshift_there_is_no_absolute_magnitude(flux, redshift):
    assert np.isnan(absolute_magnitude(flux, redshift))


def test_the_model_with_redshift_is_told_what_is_missing_by_its_stand_ins():
    model = load_model("t2-ztf-z")
    scaling = model.recipe.feature_scaling
    chosen = model.recipe.select(supernova()).curve
    blind = model.recipe.apply([chosen]).features[0]
    assert blind.tolist() == [scaling[name][2] for name in model.recipe.features]
    told = model.recipe.apply([replace(chosen, redshift=0.08)]).features[0]
    assert told[0] == pytest.approx((0.08 - scaling["redshift"][0]) / scaling["redshift"][1])
    nearer = model.recipe.apply([replace(chosen, redshift=0.01)]).features[0]
    assert nearer[2] > told[2], "the same flux from nearer by is fainter in itself"
