# The dashboard in a container, built by the Makefile's own goals. docs/deployment.md says how it is run.
FROM python:3.12-slim

RUN apt-get update \
    && apt-get install -y --no-install-recommends make \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 10001 t2scope \
    && mkdir /app /data \
    && chown t2scope:t2scope /app /data

# Not root, from here on: the compiled code is cached beside its source, and only its owner may use it there.
USER t2scope
WORKDIR /app
COPY --chown=t2scope:t2scope . .

# Installs, compiles, and fails here and not at midnight where the answers are not those that the model gave when it was judged.
# What was fetched for it stays out of the image.
RUN UV_NO_CACHE=1 PIP_NO_CACHE_DIR=1 T2SCOPE_VERDICTS=/tmp/verdicts.sqlite make install login ready

ENV T2SCOPE_CACHE_DIR=/data/cache \
    T2SCOPE_VERDICTS=/data/verdicts.sqlite \
    T2SCOPE_LOG=json \
    OPENBLAS_NUM_THREADS=1 \
    TF_CPP_MIN_LOG_LEVEL=2
VOLUME /data
EXPOSE 8501

HEALTHCHECK --interval=2m --timeout=60s --start-period=90s --retries=3 \
    CMD [".venv/bin/python", "-m", "core.ready", "--server", "http://127.0.0.1:8501"]

CMD [".venv/bin/streamlit", "run", "app.py", "--server.address", "0.0.0.0", "--server.port", "8501"]
