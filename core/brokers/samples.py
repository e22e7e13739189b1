"""The light curves that come with the program: real and simulated ones that work without a network."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.bands import band_index
from core.brokers import ztf
from core.brokers.base import BadResponse, NotFound
from core.lightcurve import LightCurve, Provenance, light_curve, upper_limits

#: The folder ``samples`` beside the package.
FOLDER = Path(__file__).resolve().parents[2] / "samples"
#: The light curves of test objects that evaluation pages lead to.
JUDGED = FOLDER / "judged"
#: What rides along in `LightCurve.context` where the source had it.
CONTEXT = (*ztf.CONTEXT, "parallax", "parallax_err")


class SampleSource:
    """The embedded samples, as a source like any broker.

    folder : holds objects.parquet and photometry.parquet (samples/README.md describes them). Samples are of both
    surveys; ``survey`` names the one that most are of, the catalogue says which each is of.
    """

    key = "sample"
    title = "Embedded samples"
    survey = "ztf"
    examples: tuple[str, ...] = (
        "ZTF18aannern",
        "ZTF20aaynrrh",
        "ZTF20acphdcg",
        "ZTF17aaapphc",
        "313853517735395444",
        "sim-KN-1",
    )

    def __init__(self, folder: str | Path = FOLDER) -> None:
        self.folder = Path(folder)

    def catalogue(self) -> pd.DataFrame:
        """One row per sample, in the order of the gallery.

        Columns: object_id, title, group, survey, simulated, true_class (a class, or a type outside the classes, or
        empty), true_type, true_class_source, ra, dec [deg], redshift, n_points, licence, citation, source_repo, and
        fold: the fold of training that the object lies in, missing where no model was trained on it.
        """
        return self._objects.reset_index()

    def fetch(self, object_id: str) -> LightCurve:
        """The light curve of one sample. Raises NotFound for an id that is not among them."""
        oid = str(object_id).strip()
        if oid not in self._objects.index:
            raise NotFound(
                self.title,
                f"{oid!r} is not among the {len(self._objects)} embedded samples.",
                "Choose one from the gallery, or ask a broker for it.",
            )
        of, rows = self._objects.loc[oid], self._photometry.iloc[self._rows[oid]]
        band = np.array([band_index(name) for name in rows["band"]], dtype=np.int8)
        limit = rows["limit"].to_numpy(bool)
        mjd, flux = rows["mjd"].to_numpy(float), rows["flux"].to_numpy(float)
        return light_curve(
            oid,
            mjd[~limit],
            flux[~limit],
            rows["flux_err"].to_numpy(float)[~limit],
            band[~limit],
            forced=rows["forced"].to_numpy(bool)[~limit],
            limits=upper_limits(mjd[limit], flux[limit], band[limit]),
            redshift=_number(of["redshift"]),
            redshift_err=_number(of.get("redshift_err")),
            ra=_number(of["ra"]),
            dec=_number(of["dec"]),
            time_scale=str(of["time_scale"]),
            context={name: number for name in CONTEXT if (number := _number(of.get(name))) is not None},
            provenance=Provenance(
                source=self.title,
                simulated=bool(of["simulated"]),
                true_class=str(of["true_class"]),
                true_class_source=str(of["true_class_source"]),
                licence=str(of["licence"]),
                citation=str(of["citation"]),
            ),
        )

    @cached_property
    def _objects(self) -> pd.DataFrame:
        return self._read("objects").set_index("object_id")

    @cached_property
    def _photometry(self) -> pd.DataFrame:
        return self._read("photometry")

    @cached_property
    def _rows(self) -> dict[str, NDArray[np.intp]]:
        """Where the points of each object stand: looked up once, since a page may ask for thousands of them."""
        return {
            str(oid): np.asarray(rows, np.intp)
            for oid, rows in self._photometry.groupby("object_id", sort=False).indices.items()
        }

    def _read(self, name: str) -> pd.DataFrame:
        path = self.folder / f"{name}.parquet"
        try:
            table = pd.read_parquet(path)
        except (OSError, ValueError) as error:
            raise BadResponse(
                self.title, f"{path.name} in {self.folder.name}/ can't be read: {error}", "Run make samples."
            ) from error
        return table.astype({"object_id": str})


def _number(value: Any) -> float | None:
    return None if value is None or pd.isna(value) else float(value)


class JudgedSource(SampleSource):
    """Objects that the models are judged by, as far as their light curves may be shipped: for the evaluation page."""

    key = "judged"
    title = "Judged objects"
    examples = ("ZTF18aapgrxo", "sim-lsst-SNIa-000000")

    def __init__(self, folder: str | Path = JUDGED) -> None:
        super().__init__(folder)


#: Sources that need no network, by key: the first one is where a page begins.
EMBEDDED: dict[str, type[SampleSource]] = {source.key: source for source in (SampleSource, JudgedSource)}
