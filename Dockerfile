# The service on a CPU, with the embedded model inside:
#
#   docker build -t vestiary .
#   docker run --rm --read-only --tmpfs /tmp -p 127.0.0.1:8081:8081 -v "$PWD/efs:/srv/efs" vestiary
#
# PYTHON can be given as an image digest ("3.11.13-slim-bookworm@sha256:...") to pin the base image to the byte.
ARG PYTHON=3.11.13-slim-bookworm

FROM python:${PYTHON} AS build
# Where torch's CPU build is; the other packages come from the default index. Versions are those of constraints.txt.
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/vestiary
WORKDIR /build
COPY . .
RUN /opt/vestiary/bin/pip install --constraint constraints.txt --extra-index-url "${TORCH_INDEX}" '.[service]'

FROM python:${PYTHON}
LABEL org.opencontainers.image.title="Vestiary DensePose" org.opencontainers.image.licenses="Apache-2.0"
RUN groupadd --system --gid 10001 vestiary \
 && useradd --system --uid 10001 --gid vestiary --no-create-home --home-dir /nonexistent vestiary \
 && mkdir -p /srv/app /srv/efs /var/cache/vestiary \
 && chown vestiary:vestiary /srv/efs /var/cache/vestiary
COPY --from=build /opt/vestiary /opt/vestiary
ENV PATH=/opt/vestiary/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    VESTIARY_CACHE=/var/cache/vestiary
# The founding contract's paths begin with ../efs, so the service runs in a folder beside it.
WORKDIR /srv/app
USER 10001:10001
EXPOSE 8081
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=120s --start-interval=2s \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8081/readyz', timeout=4)"]
ENTRYPOINT ["vestiary", "serve", "--host", "0.0.0.0", "--port", "8081", "--root", "/srv/efs"]
