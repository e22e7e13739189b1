"""The small pictures of the candidates' page show what the light curve holds, whatever it holds."""

from __future__ import annotations

import base64
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.bands import BANDS
from core.brokers.samples import SampleSource
from core.lightcurve import light_curve
from ui.figures.candidate import HEIGHT, WIDTH, candidate_svg, candidate_title
from ui.figures.sparkline import sparkline_uri
from ui.figures.theme import DARK, LIGHT

SAMPLES = SampleSource()
NUMBER = st.floats(-1e11, 1e11, allow_nan=False)


def parsed(svg):
    return ET.fromstring(svg)


def marks(root):
    return [e for e in root.iter() if e.tag.endswith("path") and "translate" in e.get("transform", "")]


@pytest.mark.parametrize("oid", [str(o) for o in SAMPLES.catalogue()["object_id"]][::7])
def test_every_detection_of_a_sample_is_drawn_inside_the_frame(oid):
    curve = SAMPLES.fetch(oid)
    root = parsed(candidate_svg(curve, LIGHT))
    inside = [tuple(map(float, e.get("transform")[10:-1].split(","))) for e in marks(root)]
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in inside)
    seen = int(np.sum(curve.signal_to_noise >= 3))
    in_flux = "FLUXCAL" in candidate_svg(curve, LIGHT)
    legend = len(set(curve.band.tolist()))
    assert len([e for e in marks(root) if e.get("fill") != "none"]) - legend == min(
        len(curve) if in_flux else seen, 1500
    )


@given(
    st.lists(
        st.tuples(st.floats(50_000, 75_000), NUMBER, st.floats(1e-3, 1e6), st.integers(0, len(BANDS) - 1)), max_size=12
    )
)
def test_no_light_curve_breaks_the_pictures(points):
    t, y, e, b = ([p[i] for p in points] for i in range(4))
    curve = light_curve("<b>&", t, y, e, b)
    root = parsed(candidate_svg(curve, DARK))
    assert "nan" not in candidate_svg(curve, DARK) and root.get("aria-label") == candidate_title(curve)
    if len(curve):
        svg = base64.b64decode(sparkline_uri(curve, DARK).partition(",")[2])
        assert parsed(svg) is not None and b"nan" not in svg


def test_a_sparkline_of_a_long_light_curve_stays_small():
    days = np.arange(3000.0)
    curve = light_curve("x", 55_000 + days, 100 + days, np.ones(3000), np.zeros(3000, int))
    assert len(sparkline_uri(curve, LIGHT)) < 2500
