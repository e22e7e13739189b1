"""Pictures of the dashboard for README and documents: ``python -m bench.screenshot [NAME …] [--out docs]``.

Starts the dashboard on the embedded samples and photographs it in a real Chromium.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: A picture weighs less than this [bytes]; it is drawn with fewer colours until it does.
LARGEST = 150_000
COLOURS = (256, 128, 64, 32)


@dataclass(frozen=True)
class Picture:
    """One picture. address : below the dashboard's own. wait : what has to be drawn first.

    width, height [px] : of the window; height 0 for the whole page. mode : light or dark. at : the part that is shown alone.
    """

    address: str
    wait: str = ".js-plotly-plot .point"
    width: int = 1280
    height: int = 800
    mode: str = "light"
    at: str = ""


OBJECT = "source=sample&oid=ZTF20aatqesi&model=t2-ztf"
MISREAD = "source=sample&oid=ZTF20abobpcb&model=t2-ztf"
PICTURES = {
    "object_page.png": Picture(f"?{OBJECT}", width=1440, height=960),
    "samples_page.png": Picture("samples", wait='[data-testid="stImage"] img', height=620),
    "candidates_page.png": Picture("candidates?rank=novelty", wait=".st-key-vet img", height=900),
    "lab_timeline.png": Picture(f"lab?{MISREAD}", wait=".st-key-timeline .js-plotly-plot .point", height=1000),
    "lab_explanations.png": Picture(f"lab?{MISREAD}&view=maps", wait=".st-key-importance .js-plotly-plot .point", height=1040),
    "evaluation_page.png": Picture("evaluation?truth=SNIbc&answer=SNIa", wait=".hm, .heatmaplayer image", height=1060),
    "two_maps.png": Picture(
        "?source=judged&oid=ZTF20aclnplo&model=t2-ztf&class=SNIa&against=SNIbc",
        wait=".st-key-against .js-plotly-plot", at=".st-key-against",
    ),
}  # fmt: skip


def take(out: Path, pictures: dict[str, Picture]) -> None:
    """Write the pictures into a folder."""
    from playwright.sync_api import sync_playwright

    from tests.browser.conftest import CHROMIUM, FLAGS, running_app

    with (
        tempfile.TemporaryDirectory() as scratch,
        running_app(T2SCOPE_VERDICTS=f"{scratch}/verdicts.sqlite", T2SCOPE_CACHE_DIR=scratch) as url,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for name, picture in pictures.items():
            page = browser.new_page(
                viewport={"width": picture.width, "height": picture.height or 900}, color_scheme=picture.mode
            )
            photograph(page, url, picture, out / name)
            shrink(out / name)
            page.close()
        browser.close()


def photograph(page: Any, url: str, picture: Picture, path: Path) -> None:
    """One picture of one page, once it stands still."""
    from tests.browser.conftest import idle

    page.goto(f"{url}/{picture.address}")
    page.wait_for_selector(picture.wait, timeout=120000)
    idle(page)
    if picture.at or not picture.height:  # the page scrolls inside a container, so the window has to grow
        whole = page.evaluate("document.querySelector('[data-testid=stMainBlockContainer]').scrollHeight")
        page.set_viewport_size({"width": picture.width, "height": int(whole) + 80})
    page.wait_for_timeout(1500)  # figures follow the window's size
    if picture.at:
        page.locator(picture.at).screenshot(path=path)
    else:
        page.screenshot(path=path)


def shrink(path: Path) -> None:
    """The same picture with a palette, as many colours as `LARGEST` allows."""
    from PIL import Image

    image = Image.open(path).convert("RGB")
    for colours in COLOURS:
        image.quantize(colours, dither=Image.Dither.NONE).save(path, optimize=True)
        if path.stat().st_size < LARGEST:
            return
    raise SystemExit(f"{path.name} has {path.stat().st_size:,} bytes; expected less than {LARGEST:,}: make it smaller")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these pictures; all without")
    parser.add_argument("--out", type=Path, default=Path("docs"))
    options = parser.parse_args()
    if unknown := set(options.names) - set(PICTURES):
        parser.error(f"unknown picture {', '.join(sorted(unknown))}; known are {', '.join(PICTURES)}")
    take(options.out, {name: PICTURES[name] for name in options.names or PICTURES})


if __name__ == "__main__":
    main()
