# Two images from one base: `perpetua` runs every part of Airflow and the sandbox, `mlflow` the server of the mirrored runs.
FROM python:3.11.14-slim-bookworm AS base
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 TZ=UTC
# state lives in one folder per image; nothing else is writable, so HOME lies in the temporary file system
ENV HOME=/tmp PATH=/opt/venv/bin:$PATH
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin perpetua \
    && install --directory --owner perpetua --group perpetua /var/lib/perpetua /var/lib/mlflow

FROM base AS packages
# torch for CPUs: PyPI's own wheel wants the CUDA libraries, which requirements.lock leaves out
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
COPY requirements.lock /tmp/
RUN python -m venv /opt/venv \
    && pip install --no-deps --extra-index-url "$TORCH_INDEX" -r /tmp/requirements.lock

FROM base AS mlflow-packages
COPY requirements-mlflow.txt /tmp/
RUN python -m venv /opt/venv && pip install -r /tmp/requirements-mlflow.txt

FROM base AS mlflow
COPY --from=mlflow-packages /opt/venv /opt/venv
USER perpetua
WORKDIR /var/lib/mlflow
EXPOSE 5000
HEALTHCHECK --interval=15s --timeout=6s --start-period=60s \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://localhost:5000/health', timeout=5)"]
CMD ["mlflow", "server", "--host", "0.0.0.0", "--port", "5000"]

FROM base AS perpetua
COPY --from=packages /opt/venv /opt/venv
WORKDIR /opt/perpetua
COPY pyproject.toml requirements.lock ./
COPY dags dags
COPY plugins plugins
COPY include include
RUN python -m compileall -q dags plugins include
# compiled kernels and fonts are kept beside the state, so that a new container does not compile again
ENV PYTHONPATH=/opt/perpetua PERPETUA_HOME=/var/lib/perpetua PERPETUA_ENV_FILE= AIRFLOW_HOME=/var/lib/perpetua/airflow \
    NUMBA_CACHE_DIR=/var/lib/perpetua/cache/numba MPLCONFIGDIR=/var/lib/perpetua/cache/matplotlib
USER perpetua
EXPOSE 8080
# each part has a health check of its own in docker-compose.yaml
HEALTHCHECK --interval=15s --timeout=10s --start-period=120s CMD ["python", "-m", "include.orchestration.health", "api-server"]
CMD ["airflow", "api-server"]
