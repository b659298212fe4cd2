# What people and CI do here. Each target sets up what it needs, in .venv and .srcnet.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SERVER := .srcnet/rucio-server
KUBERNETES := .srcnet/kubernetes
ACTIONLINT := .srcnet/actionlint
SLURM := munge slurmctld slurmd slurmdbd slurm-client mariadb-server-core mariadb-client-core openssh-server openssh-client lua5.3
INSTALLED := $(VENV)/.installed

.PHONY: help demo test lint check wheel bench slurm-cost setup server kube system actionlint spark clean

help:  ## Say what can be done
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: setup server kube  ## The main job on a real Rucio: SRCNet's sites validated, compiled, planned, applied, verified
	$(BIN)/srcnet demo

test: setup system server kube actionlint spark  ## All tests, those against real systems included; one system beside another
	$(BIN)/python -m pytest --numprocesses 3 --dist loadgroup

lint: setup  ## Format, lint, types, import borders
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint  ## What every change must pass: lint, and all tests that need no system
	$(BIN)/python -m pytest --ignore tests/live

wheel: setup  ## The wheel, installed in an empty environment, validates and compiles
	rm -rf dist .srcnet/empty
	$(BIN)/python -m build --wheel --outdir dist .
	$(PYTHON) -m venv .srcnet/empty
	.srcnet/empty/bin/python -m pip install --quiet --disable-pip-version-check dist/*.whl
	.srcnet/empty/bin/srcnet validate
	.srcnet/empty/bin/srcnet compile --out .srcnet/empty/build

bench: setup server  ## Measure, print a table, keep its history
	$(BIN)/python -m benchmarks

slurm-cost: setup system  ## As root: try on real clusters what changes of Slurm cost; the recording, table and page anew
	$(BIN)/python -m experiments.slurm_cost run
	$(BIN)/python docs/generate.py

setup: $(INSTALLED)

$(INSTALLED): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

server: setup
	$(BIN)/python -m srcnet_compiler.demo.rucio_venv $(SERVER)

kube: setup
	@$(BIN)/python -m srcnet_compiler.demo.kubernetes_build --if-possible $(KUBERNETES)

actionlint:  # a linter of workflows; without a Go its test says so and is skipped
	@command -v go >/dev/null || { echo "no Go: actionlint is not built"; exit 0; }; \
	[ -x $(ACTIONLINT)/actionlint ] || \
	GOBIN=$(CURDIR)/$(ACTIONLINT) go install github.com/rhysd/actionlint/cmd/actionlint@v1.7.7

spark: $(VENV)/.spark  # 456 MB; who takes snapshots of no large catalogue needs none

$(VENV)/.spark: $(INSTALLED)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[spark]'
	touch $@

system:
	@sh tests/live/system-packages.sh postgresql
	@sh tests/live/system-packages.sh $(SLURM)
	@sh tests/live/system-packages.sh chromium chromium-driver
	@sh tests/live/system-packages.sh openjdk-17-jre-headless

clean:  ## Remove what the other targets made
	rm -rf $(VENV) .srcnet build dist
