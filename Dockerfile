# Stage 1 builds an environment from the hash-pinned lock; stage 2 carries nothing else.
FROM python:3.11-slim-bookworm AS build
WORKDIR /src
COPY requirements.lock ./
RUN python -m venv /opt/receiver && /opt/receiver/bin/pip install --no-cache-dir --require-hashes -r requirements.lock
COPY pyproject.toml README.md ./
COPY receiver receiver
COPY routing_rules routing_rules
COPY message_templates message_templates
COPY monitoring monitoring
RUN /opt/receiver/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.11-slim-bookworm
# Rules from git: git itself, ssh to fetch by and to verify signatures with.
RUN apt-get update && apt-get install -y --no-install-recommends git openssh-client && rm -rf /var/lib/apt/lists/*
RUN useradd --uid 10001 --create-home --home-dir /home/receiver receiver && install -d -o receiver -g receiver /data
COPY --from=build /opt/receiver /opt/receiver
ENV PATH=/opt/receiver/bin:$PATH RECEIVER_DATA_DIR=/data RECEIVER_HOST=0.0.0.0 PYTHONUNBUFFERED=1
USER 10001
WORKDIR /home/receiver
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
  CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(f'http://127.0.0.1:{os.environ.get(\"RECEIVER_PORT\", \"8080\")}/healthz', timeout=2)"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["receiver"]
CMD ["serve"]
