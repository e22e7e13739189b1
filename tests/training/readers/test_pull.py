"""The broker is asked slowly, once for each object, waits that it asks for are kept, and nothing that came is asked again."""

import numpy as np
import pandas as pd
import pytest

from core.brokers.alerce import AlerceZtf
from core.brokers.base import BadResponse, NotFound, RateLimited
from core.lightcurve import light_curve
from tests.broker_server import ZTF_RECORDED, BrokerServer, Play, recorded_routes
from training.curves import read_parquet
from training.readers.pull import Pace, Stopped, collect, main, pull


class Broker:
    """Answers with a light curve, unless a list of errors for an object is not used up."""

    key, title, survey, examples = "alerce-ztf", "a broker", "ztf", ()

    def __init__(self, errors=None):
        self.errors, self.asked = errors or {}, []

    def fetch(self, object_id):
        self.asked.append(object_id)
        if self.errors.get(object_id):
            raise self.errors[object_id].pop(0)
        return light_curve(object_id, [58000.0, 58001.0], [10.0, -20.0], [1.0, 1.0], [0, 1], ra=1.0, dec=2.0)


IDS = ["ZTF18aaaaaaa", "ZTF18aaaaaab", "ZTF18aaaaaac", "ZTF18aaaaaad"]
PACE = Pace(between=2.0, attempts=3, first_wait=30.0, longest_wait=50.0, failures=2)


def run(broker, folder, ids=IDS):
    waits = []
    n = pull(ids, broker, folder, pace=PACE, sleep=waits.append, progress=lambda _: None)
    return n, waits


def test_each_object_is_asked_once_and_slowly(tmp_path):
    broker = Broker()
    assert run(broker, tmp_path, IDS + IDS) == (4, [2.0] * 3)
    assert broker.asked == IDS
    assert run(broker, tmp_path) == (0, [])


def test_what_the_broker_asks_for_is_kept_to(tmp_path):
    limited = RateLimited("B", "too often", retry_after=137.0)
    broker = Broker({IDS[0]: [limited, RateLimited("B", "too often")]})
    _, waits = run(broker, tmp_path, IDS[:1])
    assert waits == [137.0, 50.0]  # at least what it says; on its own 30 s, then twice that, at most 50
    assert broker.asked == IDS[:1] * 3


def test_an_unknown_object_is_listed_and_not_asked_again(tmp_path):
    broker = Broker({IDS[1]: [NotFound("B", "B does not know ZTF18aaaaaab.")] * 9})
    run(broker, tmp_path)
    run(broker, tmp_path)
    assert broker.asked == IDS
    assert (tmp_path / "without_a_light_curve.txt").read_text() == "ZTF18aaaaaab\tB does not know ZTF18aaaaaab.\n"


def test_a_broken_broker_is_left_in_peace_and_the_next_run_goes_on(tmp_path):
    broken = {oid: [BadResponse("B", "B failed with status 500.")] * 3 for oid in IDS[1:3]}
    broker = Broker(broken)
    with pytest.raises(Stopped, match=r"status 500. So it went for 2 objects in a row; 1 of 4 are done"):
        run(broker, tmp_path)
    assert broker.asked == [IDS[0], *[IDS[1]] * 3, *[IDS[2]] * 3]
    broker.asked.clear()
    run(broker, tmp_path)
    assert broker.asked == IDS[1:]


def test_light_curves_are_collected_with_their_labels(tmp_path):
    run(Broker(), tmp_path, IDS[:3])
    labels = pd.DataFrame(
        {"object_id": IDS, "type": ["SN IIb", "CV", "SN Ia", "SN II"], "class": ["SNII", "CV", "SNIa", "SNII"],
         "redshift": [0.1, np.nan, 0.2, 0.3], "uncertain": [False, False, True, False]}
    )  # fmt: skip
    curves = collect(labels, tmp_path)
    assert curves.objects["object_id"].tolist() == IDS[:3]
    assert curves.objects["class"].tolist() == ["SNIbc", "other", ""]
    assert curves.flux.tolist() == [10.0, -20.0] * 3
    assert curves.objects["redshift"].isna().tolist() == [False, True, False]


def test_the_command_reads_alerces_own_answers(tmp_path, monkeypatch):
    monkeypatch.setattr("training.readers.pull.time.sleep", lambda _: None)
    pd.DataFrame({"object_id": [ZTF_RECORDED, "ZTF18aaaaaaa"], "type": ["AGN", "SN Ia"]}).to_csv(tmp_path / "l.csv")
    arguments = ["--labels", str(tmp_path / "l.csv"), "--out", str(tmp_path / "out")]
    with BrokerServer(recorded_routes()) as server:
        source = AlerceZtf(base_url=f"{server.url}/alerce-ztf")
        assert main(arguments, source) == 0
        asked = len(server.asked)
        server.routes = {"/": Play(fault="drop")}
        assert main(arguments, source) == 0  # nothing is left to ask
        assert len(server.asked) == asked
    curves = read_parquet(tmp_path / "out/curves.parquet")
    assert curves.objects["object_id"].tolist() == [ZTF_RECORDED] and len(curves.mjd) > 10
