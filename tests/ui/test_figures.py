"""Figures are functions of data: what they show is tested without a page."""

from itertools import combinations

import numpy as np
import pytest

from core.bands import BANDS
from core.evaluate.levels import LEVELS
from core.lightcurve import light_curve, upper_limits
from core.model import load_model
from core.pipeline import classify
from tests.curves import supernova
from ui.figures.light_curve import light_curve_figure, map_strip_figure, summary
from ui.figures.probabilities import feature_figure, probability_figure
from ui.figures.ranking import class_curve, curves_figure
from ui.figures.theme import DARK, LIGHT, theme_of
from ui.figures.view import PERCENT, SIGNED, CurveView, flux_range, outside, shown_span


@pytest.fixture(scope="module")
def result():
    return classify(supernova(), load_model("t2-published-gr"))


def view(result=None, unit="flux", days=True, **extra):
    curve = supernova()
    curve = light_curve(
        "ZTF<b>x", curve.mjd, curve.flux, curve.flux_err, curve.band,
        limits=upper_limits(curve.mjd[:3] - 20, [80.0, 90.0, 100.0], [0, 1, 1]),
    )  # fmt: skip
    if result is None:
        return CurveView(curve, unit, days)
    return CurveView(
        curve, unit, days, used=result.selection.used, fit=result.fit, model_bands=(0, 1),
        explanation=result.explanation, class_index=3, class_title="SN II", **extra,
    )  # fmt: skip


def traces(figure, name):
    return [t for t in figure.data if t.name and name in t.name]


@pytest.mark.parametrize("days", [True, False])
def test_magnitudes_are_upside_down_for_every_combination(result, days):
    for shown in (view(unit="magnitude", days=days), view(result, unit="magnitude", days=days)):
        assert light_curve_figure(shown, LIGHT).layout.yaxis.autorange == "reversed"


def test_flux_is_not_upside_down_and_shows_below_zero():
    curve = light_curve("x", [59000.0, 59001.0], [-300.0, 200.0], [20.0, 20.0], [0, 1])
    low, high = light_curve_figure(CurveView(curve, "flux", True), LIGHT).layout.yaxis.range
    assert low < -320 < 220 < high


def test_the_axis_says_its_unit_and_time_scale():
    assert "FLUXCAL" in light_curve_figure(view(), LIGHT).layout.yaxis.title.text
    assert light_curve_figure(view(days=False), LIGHT).layout.xaxis.title.text == "MJD (UTC)"
    assert "days since first detection" in light_curve_figure(view(), LIGHT).layout.xaxis.title.text


def test_a_bands_toggle_takes_process_errors_and_limits_along(result):
    figure = light_curve_figure(view(result), LIGHT)
    for band in BANDS[:2]:
        names = {t.name for t in figure.data if t.legendgroup == band.name}
        assert {band.label, f"{band.label} GP", f"{band.label} GP ±1σ"} <= names
        assert any("upper limit" in name for name in names)


def test_limits_have_their_own_mark_and_their_own_entries_in_the_legend():
    figure = light_curve_figure(view(), LIGHT)
    limits = traces(figure, "upper limit")
    assert {t.marker.symbol for t in limits} == {"arrow-bar-down-open"}
    assert {t.legend for t in limits} == {"legend2"} and figure.layout.legend2.groupclick == "toggleitem"
    assert all(t.error_y.array is None for t in limits)


def test_points_that_were_not_used_are_hollow(result):
    used = np.array(result.selection.used)
    used[::3] = False
    shown = view(result)
    figure = light_curve_figure(CurveView(**{**shown.__dict__, "used": used}), LIGHT)
    hollow, filled = traces(figure, "not used"), [t for t in figure.data if t.name in ("ZTF g", "ZTF r")]
    assert sum(len(t.x) for t in hollow) == np.sum(~used)
    assert sum(len(t.x) for t in filled) == np.sum(used)
    assert all(t.marker.symbol.endswith("-open") for t in hollow)


@pytest.mark.parametrize("kind", [PERCENT, SIGNED])
def test_the_map_stands_on_the_time_axis_of_the_curve(result, kind):
    figure = light_curve_figure(view(result, map_kind=kind), LIGHT)
    (strip,) = [t for t in figure.data if t.type == "heatmap"]
    edges = np.asarray(strip.x)
    assert len(edges) == len(result.explanation.times) + 1 and np.all(np.diff(edges) > 0)
    middle = 0.5 * (edges[1:] + edges[:-1]) + result.curve.mjd[0]
    assert np.allclose(middle, np.sort(result.explanation.times), atol=1e-6)
    values = np.asarray(strip.z)[0]
    order = np.argsort(result.explanation.times)
    if kind == PERCENT:
        assert np.allclose(values, result.explanation.share(3)[order])
    else:
        assert values.sum() + result.explanation.bias[3] == pytest.approx(
            float(result.inference.logits[0, 3]), abs=1e-4
        )


def test_what_is_cut_off_the_map_is_said_at_its_ends(result):
    """The strip follows the time axis of the curve; weight beyond it is not lost silently."""
    used = np.zeros(len(result.curve), bool)
    used[8:12] = True
    shown = CurveView(**{**view(result).__dict__, "curve": result.curve.subset(used), "used": None})
    texts = [a.text for a in light_curve_figure(shown, LIGHT).layout.annotations]
    cut = [int(t.split(" %")[0].strip("← ")) for t in texts if "←" in t or "→" in t]
    start, end = shown_span(shown)
    times, share = result.explanation.times, result.explanation.share(3)
    inside = share[(times > start) & (times < end)].sum()
    assert len(cut) == 2 and sum(cut) + inside == pytest.approx(100, abs=4)


def test_points_far_from_the_event_do_not_squeeze_it_unless_asked_for():
    curve = light_curve("x", [59000, 59004, 59010, 59300.0], [9, 90, 60, 5.0], [1, 1, 1, 1.0], [0, 1, 0, 1])
    used = np.array([True, True, True, False])
    near, all_of_it = (CurveView(curve, "flux", True, used=used, whole=whole) for whole in (False, True))
    assert shown_span(near)[1] < 59050 and shown_span(all_of_it)[1] > 59300


def test_a_wild_point_does_not_squeeze_the_others_and_is_marked_at_the_edge():
    flux = np.append(100 + 10 * np.sin(np.arange(20.0)), 9000.0)
    curve = light_curve("x", 59000 + np.arange(21.0), flux, np.full(21, 3.0), np.zeros(21, int))
    wild = CurveView(curve, "flux", True)
    assert flux_range(wild)[1] < 200 and outside(wild) == [(1, 59020.0, True)]
    assert any("1 point above" in a.text for a in light_curve_figure(wild, LIGHT).layout.annotations)
    tame = CurveView(curve.subset(np.arange(20)), "flux", True)
    assert outside(tame) == []
    assert outside(CurveView(supernova(), "flux", True)) == []


def test_a_single_band_has_a_legend_too():
    one = light_curve("x", [59000.0, 59001.0], [1.0, 2.0], [0.1, 0.1], [0, 0])
    assert light_curve_figure(CurveView(one, "flux", True), LIGHT).layout.showlegend


def test_the_caption_of_the_strip_stands_between_the_axes(result):
    layout = light_curve_figure(view(result), LIGHT).layout
    (caption,) = [a for a in layout.annotations if "class activation map" in a.text]
    assert layout.yaxis2.domain[1] <= caption.y < layout.yaxis.domain[0] and not layout.xaxis.showline


def test_an_explained_class_has_a_bar_even_when_it_is_unlikely(result):
    last = result.model.classes[int(result.order[-1])]
    bars = probability_figure(result.model.classes, result.probabilities, LIGHT, selected=last).data[0]
    assert len(bars.x) == 7 and bars.customdata[-1] == last


#: Linear RGB as normal, protanope and deuteranope eyes see it (Machado et al. 2009, severity 1).
EYES = [
    np.eye(3),
    np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]),
    np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]),
]


def lab(colour, eye):
    """CIE Lab of a ``#rrggbb`` colour."""
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    rgb = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    xyz = to_xyz @ np.clip(eye @ linear, 0, 1) / [0.9505, 1.0, 1.089]
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def test_dark_rubin_bands_can_be_told_apart_without_colour_vision():
    colours = [DARK.band(band) for band in BANDS if band.survey == "lsst"]
    assert all(_contrast(colour, DARK.page) >= 4.5 for colour in colours)
    for eye in EYES:
        seen = [lab(colour, eye) for colour in colours]
        assert min(np.linalg.norm(a - b) for a, b in combinations(seen, 2)) > 20


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_the_curves_of_two_classes_differ_in_more_than_colour(level, theme):
    """By their markers always, by their dashes where any eyes might take one colour for the other."""
    x = np.linspace(0, 1, 30)
    names = LEVELS[level].names
    figure = curves_figure([class_curve(n, n, x, x, x, theme) for n in names], "x", "y", theme)
    for one, two in combinations(figure.data, 2):
        assert one.marker.symbol != two.marker.symbol, (one.name, two.name)
        assert all(max(t.marker.size) >= 8 for t in (one, two)), "too small a marker to be told from others"
        if min(np.linalg.norm(lab(one.line.color, eye) - lab(two.line.color, eye)) for eye in EYES) < 10:
            assert one.line.dash != two.line.dash, (one.name, two.name)


def test_hover_tells_time_flux_and_share_and_escapes_nothing_dangerous(result):
    share = np.linspace(0, 5, len(supernova()))
    figure = light_curve_figure(view(result, observation_share=share), LIGHT)
    text = next(t for t in figure.data if t.name == "ZTF g").text[0]
    assert "MJD" in text and "FLUXCAL" in text and "% of the map for SN II" in text
    assert "<b>x" not in figure.to_json(), "the id of an alert never reaches the figure's HTML"


def test_an_empty_curve_and_one_with_limits_only_are_drawn():
    empty = light_curve("x", [], [], [], [])
    assert light_curve_figure(CurveView(empty, "flux", True), LIGHT) is not None
    assert "no detections" in summary(CurveView(empty, "flux", True))
    only = light_curve("x", [], [], [], [], limits=upper_limits([59000.0], [50.0], [0]))
    figure = light_curve_figure(CurveView(only, "magnitude", True), DARK)
    assert len(traces(figure, "upper limit")) == 1


def test_colours_follow_the_mode_and_bands_differ_by_symbol():
    light, dark = light_curve_figure(view(), LIGHT), light_curve_figure(view(), DARK)
    assert traces(light, "ZTF g")[0].marker.color != traces(dark, "ZTF g")[0].marker.color
    assert traces(light, "ZTF g")[0].marker.symbol != traces(light, "ZTF r")[0].marker.symbol
    assert theme_of(None) is LIGHT and theme_of("dark") is DARK


def test_bars_are_sorted_and_numbers_stand_apart(result):
    figure = probability_figure(
        result.model.classes, result.probabilities, LIGHT, spread=np.stack([result.probabilities] * 3)
    )
    bars = figure.data[0]
    assert np.all(np.diff(bars.x) <= 0)
    assert {a.xanchor for a in figure.layout.annotations} == {"right"}
    assert bars.text is None, "no number at the end of a bar: whiskers run through it"


def test_feature_weights_stand_beside_what_a_flat_map_gives():
    figure = feature_figure({"redshift": 1.9, "redshift_err": 0.6}, 1.96, LIGHT)
    assert list(figure.data[0].y) == ["redshift", "redshift error"]
    assert any("1.96" in a.text for a in figure.layout.annotations)


def test_the_map_alone_can_be_drawn(result):
    figure = map_strip_figure(result.explanation, 3, "SN II", result.curve, LIGHT)
    assert [t.type for t in figure.data] == ["heatmap"]


def _contrast(one, other):
    def luminance(colour):
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_class_colours_can_be_seen_on_both_pages():
    from core.taxonomy import CLASSES

    for c in CLASSES:
        assert _contrast(c.light, LIGHT.page) >= 3, c.name
        assert _contrast(c.dark, DARK.page) >= 3, c.name
