"""The inference package: light curve in, probabilities and their reasons out.

Knows nothing of Streamlit, plotly, TensorFlow or training, and can be used alone:

>>> from core.pipeline import classify
>>> from core.model import load_model
"""

import os

# One BLAS thread per worker: unpinned threads turn a 40 ms Gaussian-process fit into seconds at random,
# and throughput is counted per core. Must stand before the first import of NumPy; a value set by the user wins.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

__version__ = "0.1.0"
