"""The dashboard with its brokers played by a local server: streamlit run tests/browser/app_with_brokers.py.

The addresses come from the environment of the test; only code can replace a broker's address, and only by loopback.
"""

import json
import os
import runpy
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from ui import resources  # noqa: E402

resources.BASE_URLS = json.loads(os.environ["PLAYED_BROKERS"])
runpy.run_path(str(ROOT / "app.py"), run_name="__main__")
