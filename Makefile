# Every target makes .venv and installs what it needs when that is missing or stale.
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do command -v $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
READY_DOCS := $(VENV)/.ready-docs

.PHONY: install demo test test-slow torture test-libraries check wheel bench docs clean

install: $(READY)

$(READY): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@

demo: $(READY)
	rm -rf runs/demo
	$(BIN)/dada search digits --preset demo -o runs/demo
	$(BIN)/dada compare digits --preset demo --policy runs/demo -o runs/demo/compare
	$(BIN)/dada report runs/demo

# Each worker has one thread and imports PyTorch: as many as there are cores, within reason.
test: $(READY)
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 8 --dist worksteal

test-slow: $(READY)
	$(BIN)/python -m pytest -m slow

# Kills, full disks, damaged files, two owners: half an hour at most, with counts at the end.
# DADA_TORTURE_SECONDS and DADA_TORTURE_SEED set how much of it and which.
torture: $(READY)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m torture tests/torture

# Against every library that policies are exported to, and others that are optional, in an
# environment of their own.
LIBRARIES := .venv-libraries
LIBRARY_TESTS := tests/export tests/test_examples.py tests/test_guides.py tests/models/test_create.py \
	tests/datasets/test_huggingface.py tests/searching/methods/pba

$(LIBRARIES)/.ready: pyproject.toml constraints.txt
	test -x $(LIBRARIES)/bin/python || $(PYTHON) -m venv $(LIBRARIES)
	$(LIBRARIES)/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt \
		-e '.[dev,albumentations,hf,kornia,ray,timm]' 'lightning>=2.6.4' ipykernel nbclient \
		nvidia-dali-cuda120
	touch $@

test-libraries: $(LIBRARIES)/.ready
	$(LIBRARIES)/bin/python -m pytest $(LIBRARY_TESTS)
	$(LIBRARIES)/bin/python -m pytest -m slow tests/searching/engines tests/test_two_nodes.py

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# The package as users get it: built into dist/, installed into an empty environment, and tried there.
wheel: $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check build
	rm -rf dist
	$(BIN)/python -m build
	DADA_WHEEL=$$(ls dist/*.whl) $(BIN)/python -m pytest -m slow tests/test_wheel.py

# BENCH='--device cuda --data cifar10.npz --published CHECKOUT' measures more of it.
bench: $(READY)
	$(BIN)/python -m benchmarks.all $(BENCH)

$(READY_DOCS): $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[docs]'
	touch $@

docs: $(READY_DOCS)
	$(BIN)/mkdocs build --strict

clean:
	rm -rf $(VENV) $(LIBRARIES) dist runs site .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
