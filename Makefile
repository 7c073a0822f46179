# Two commands on a fresh machine:
#   make kicks   sets up the light install (no torch) and makes kicks with the model inside the package
#   make test    sets up the development install and passes the tests
# Another Python: make test PYTHON=python3.12. A CUDA or MPS build of torch: see the README.

PYTHON ?= python3
VENV ?= .venv
TORCH ?= torch==2.13.0

.PHONY: kicks test check train-env clean

kicks: $(VENV)/light
	$(VENV)/bin/kick generate -n 16 -o kicks --force

test: check
	$(VENV)/bin/python -m pytest -n 2 --dist loadgroup

check: $(VENV)/dev
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

train-env: $(VENV)/train

$(VENV)/light: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet -c constraints.txt -e .
	touch $@

# torch first and alone: a plain requirement would bring a CUDA build of several gigabytes on Linux.
$(VENV)/train: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet "$(TORCH)"
	$(VENV)/bin/pip install --quiet -c constraints.txt -e '.[train]'
	touch $@ $(VENV)/light

$(VENV)/dev: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet "$(TORCH)"
	$(VENV)/bin/pip install --quiet -c constraints.txt -e '.[dev]'
	touch $@ $(VENV)/light $(VENV)/train

clean:
	rm -rf $(VENV) build dist .pytest_cache .hypothesis .mypy_cache .ruff_cache
