# docker build -t logcorr .
# docker run --rm -v "$PWD:/logs:ro" logcorr analyze access.log

FROM python:3.13-slim-trixie AS build
RUN apt-get update \
    && apt-get install --yes --no-install-recommends gcc libc6-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY assets/share assets/share
COPY core core
COPY tui tui
# An image without the compiled part would be slow and say nothing about it.
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels . \
    && ls /wheels/logcorr-*-cp311-abi3-linux_*.whl \
    && python -m venv /opt/logcorr \
    && /opt/logcorr/bin/pip install --no-cache-dir /wheels/logcorr-*.whl

FROM python:3.13-slim-trixie
COPY --from=build /opt/logcorr /opt/logcorr
# Any user may be given with --user: the folder of runs is made below /cache, for that user alone.
RUN useradd --uid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin logcorr \
    && mkdir --mode=1777 /cache \
    && mkdir /logs
ENV PATH="/opt/logcorr/bin:$PATH" XDG_CACHE_HOME=/cache XDG_CONFIG_HOME=/config XDG_STATE_HOME=/cache
USER 10001
WORKDIR /logs
ENTRYPOINT ["logcorr"]
CMD ["--help"]
