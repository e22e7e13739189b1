"""Pictures of the dashboard for README and documents: ``python -m bench.screenshot [--out docs]``.

Starts the dashboard on the embedded samples and photographs it in a real Chromium.
"""

from __future__ import annotations

import argparse
from pathlib import Path

#: File name -> (address, width [px], height [px], mode). Height 0: the whole page.
PICTURES = {
    "object_page.png": ("?source=sample&oid=ZTF20aatqesi&model=t2-ztf", 1440, 960, "light"),
}


def take(out: Path, pictures: dict[str, tuple[str, int, int, str]]) -> None:
    """Write the pictures into a folder."""
    from playwright.sync_api import sync_playwright

    from tests.browser.conftest import CHROMIUM, FLAGS, idle, running_app

    with running_app() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for name, (address, width, height, mode) in pictures.items():
            page = browser.new_page(viewport={"width": width, "height": height or 900}, color_scheme=mode)
            page.goto(f"{url}/{address}")
            page.wait_for_selector(".js-plotly-plot .point, [data-testid=stTable]", timeout=120000)
            idle(page)
            if not height:  # the page scrolls inside a container, so the window has to grow
                whole = page.evaluate("document.querySelector('[data-testid=stMainBlockContainer]').scrollHeight")
                page.set_viewport_size({"width": width, "height": int(whole) + 80})
            page.wait_for_timeout(800)  # figures follow the window's size
            page.screenshot(path=out / name)
            page.close()
        browser.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("docs"))
    take(parser.parse_args().out, PICTURES)


if __name__ == "__main__":
    main()
