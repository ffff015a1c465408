# Perpetua. `make help` lists the commands.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
export PYTHONPATH := $(CURDIR)
export TZ := UTC

help: ## list the commands
	@grep -hE '^[a-z-]+:.*?## ' $(MAKEFILE_LIST) | awk -F ':.*?## ' '{printf "  make %-16s %s\n", $$1, $$2}'

setup: $(VENV)/.installed ## create .venv and install the lock
$(VENV)/.installed: requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || { echo "Perpetua needs Python 3.11. Hint: make PYTHON=/path/to/python3.11"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing requirements.lock into $(VENV) (a few minutes the first time) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -r requirements.lock
	@touch $@

setup-dev: $(VENV)/.installed-dev
$(VENV)/.installed-dev: requirements-dev.lock $(VENV)/.installed
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -r requirements-dev.lock
	@touch $@

run: setup ## start everything, drive the chain once, stay up until Ctrl-C (EXIT=1: stop when done)
	@$(BIN)/python -m include up $(if $(EXIT),--exit)

up: ## start docker-compose.yaml for several people; what is missing in .env is made
	@$(PYTHON) -m include.orchestration.containers up

down: ## stop docker-compose.yaml; the volumes stay
	@$(PYTHON) -m include.orchestration.containers down

# files of tests run side by side; each file, and so each Airflow of a test, in one process
JOBS ?= 2
PYTEST = $(BIN)/python -m pytest --numprocesses $(JOBS) --dist loadfile
test: setup-dev ## run the test suite, the real chain in a real Airflow included (slow tests: make test-slow, test-all)
	@$(PYTEST) -m "not slow and not soak and not distributed"

test-slow: setup-dev ## run the tests that take more than about ten seconds each
	@$(PYTEST) -m slow

test-all: setup-dev ## run every test, those too that take many minutes
	@$(MAKE) test test-slow
	@$(BIN)/python -m pytest -m soak
	@$(MAKE) test-distributed

SERVERS = command -v redis-server >/dev/null && { command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; }
test-distributed: setup-dev .venv-mlflow/.installed ## run the chain on the services of docker-compose.yaml, started without Docker
	@if ! { $(SERVERS); }; then \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			echo "Installing PostgreSQL and Redis; neither is started as a service …"; \
			sh tests/support/install_servers.sh; \
		fi; \
		{ $(SERVERS); } || { echo "PostgreSQL and Redis are needed. Hint: apt-get install postgresql redis-server"; exit 1; }; \
	fi
	@$(BIN)/python -m pytest -s -m distributed

check: setup-dev ## ruff, mypy --strict, architecture and DAG policy tests
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/python -m pytest tests/contracts tests/dags

bench: setup .venv-bench/.installed ## measure the performance goals beside their peers (ONLY=P4,P5: some of them)
	@$(BIN)/python -m include bench $(if $(ONLY),--only $(ONLY))
.venv-bench/.installed: requirements-bench.txt requirements-bench-no-deps.txt
	@test -x .venv-bench/bin/python || $(PYTHON) -m venv .venv-bench
	@echo "Installing requirements-bench*.txt into .venv-bench …"
	@.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-bench.txt
	@.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -r requirements-bench-no-deps.txt
	@touch $@

.venv-s3/.installed: requirements-s3.txt
	@test -x .venv-s3/bin/python || $(PYTHON) -m venv .venv-s3
	@echo "Installing requirements-s3.txt into .venv-s3 …"
	@.venv-s3/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-s3.txt
	@touch $@

doctor: setup ## look at everything the deployment needs, each finding with its fix
	@$(BIN)/python -m include doctor

SETTING = $(BIN)/python -c 'from include.config.settings import load_settings as s; print(s().$(1))'
tensorboard: setup ## show the scalars of all runs on http://127.0.0.1:6006 until Ctrl-C
	@$(BIN)/tensorboard --logdir "$$($(call SETTING,home.runs))" --host 127.0.0.1 --port "$$($(call SETTING,tensorboard_port))"

mlflow: setup .venv-mlflow/.installed ## show the mirrored runs on http://127.0.0.1:5000 until Ctrl-C
	@MLFLOW_DISABLE_TELEMETRY=true DO_NOT_TRACK=true .venv-mlflow/bin/mlflow server --workers 1 \
		--backend-store-uri "sqlite:///$$($(call SETTING,home.mlflow_database))" \
		--artifacts-destination "$$($(call SETTING,home.mlflow_artifacts))" \
		--host 127.0.0.1 --port "$$($(call SETTING,mlflow_port))"
.venv-mlflow/.installed: requirements-mlflow.txt
	@test -x .venv-mlflow/bin/python || $(PYTHON) -m venv .venv-mlflow
	@echo "Installing requirements-mlflow.txt into .venv-mlflow …"
	@.venv-mlflow/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-mlflow.txt
	@touch $@

lock: setup-dev ## resolve requirements*.txt anew into the lock files (CUDA-free, see pyproject.toml)
	@$(BIN)/python -m pip install --quiet uv
	@$(BIN)/uv pip compile --quiet --python-version 3.11 requirements.txt -o requirements.lock
	@$(BIN)/uv pip compile --quiet --python-version 3.11 requirements.txt requirements-dev.txt -c requirements.lock -o requirements-dev.lock

clean: ## remove the state of the local deployment (var/), not the virtual environment
	@rm -rf var

.PHONY: help setup setup-dev run up down test test-slow test-distributed test-all check bench doctor tensorboard mlflow lock clean
