# Commands on a fresh machine:
#   make kicks   sets up the light install (no torch) and makes kicks with the model inside the package
#   make studio  the same with the studio, and opens it in the browser
#   make test    sets up the development install and passes the tests
# Another Python: make test PYTHON=python3.12. A CUDA or MPS build of torch: see the README.

PYTHON ?= python3
VENV ?= .venv
TORCH ?= torch==2.13.0
AUDIT ?= pip-audit==2.10.1

.PHONY: kicks studio test pytest check audit test-min test-path train-env lab-env default-model styles drum-types paper site clean

kicks: $(VENV)/light
	$(VENV)/bin/kick generate -n 16 -o kicks --force

studio: $(VENV)/studio
	$(VENV)/bin/kick studio --open

test: $(VENV)/dev
	$(MAKE) -j 2 check pytest

test-long: $(VENV)/dev
	KICKITOUT_LONG=1 PYTEST_ADDOPTS="-o faulthandler_timeout=3600" $(MAKE) -j 2 check pytest

# Workers with one thread each (with two busy cores two threads each took several times as long), and one more than there
# are cores, as tests wait for processes, browsers and clocks.
WORKERS ?= 3
pytest: $(VENV)/dev
	OMP_NUM_THREADS=1 $(VENV)/bin/python -m pytest -n $(WORKERS) --dist worksteal --durations 25 --durations-min 5

check: $(VENV)/dev
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

# The light lane, which needs no torch, installed from the wheel with the lowest versions that pyproject.toml allows.
test-min:
	.ci/light $(PYTHON) constraints-min.txt

# What is decided must be decided so on every processor: sse or avx2.
CODE_PATH ?= sse
test-path: $(VENV)/dev
	OMP_NUM_THREADS=1 $(VENV)/bin/python tools/code_path.py $(CODE_PATH) \
		$(VENV)/bin/python -m pytest -q -p no:cacheprovider -m "decides and not slow and not once"

# What is installed against what is pinned, and against published advisories where their service can be reached.
audit: $(VENV)/dev
	$(PYTHON) -m venv $(VENV)-audit
	$(VENV)-audit/bin/pip install --quiet "$(AUDIT)"
	mkdir -p build && rm -f build/advisories.json
	-$(VENV)-audit/bin/pip-audit -r constraints.txt --no-deps --disable-pip --progress-spinner off --timeout 15 \
		-f json -o build/advisories.json 2>build/advisories.log
	$(VENV)/bin/python tools/audit.py --advisories build/advisories.json

train-env: $(VENV)/train

lab-env: $(VENV)/train
	$(VENV)/bin/pip install --quiet -c constraints.txt -e '.[lab]'

# The model in the package, its card and its sheet; DATA holds the recorded kicks, UNSEEN others to measure against.
# It came in several runs, each from the weights of the one before (its card names them), the later ones with other losses,
# another mix and seed, and with noise below 345 Hz, which a single run has from the start.
STEPS = 23000
default-model: $(VENV)/dev
	$(VENV)/bin/kick lab measure model-data $(DATA) --out build/model-data
	$(VENV)/bin/kick train build/model-data --config kickae-at-large --set monitor.on_trouble=warn --steps $(STEPS) \
		--threads 1 --device cpu --out build/default
	cp build/default/model.onnx src/kickitout/model_files/default.onnx
	cp build/default/model.encoder.onnx src/kickitout/model_files/default.encoder.onnx
	cp build/default/model.learned.json src/kickitout/model_files/default.learned.json
	cp build/model-data/NOTICE src/kickitout/model_files/default.NOTICE.txt
	$(VENV)/bin/kick lab measure model-card build/default --learned build/model-data --unseen $(UNSEEN) \
		> src/kickitout/model_files/default.md
	$(VENV)/bin/kick lab measure sheet --model default docs/images/default.png
	$(MAKE) styles

# The styles of the model in the package, from build/model-data, with their figures and their sheet.
styles: $(VENV)/dev
	test -d build/model-data || $(VENV)/bin/kick lab measure model-data $(DATA) --out build/model-data
	OMP_NUM_THREADS=1 $(VENV)/bin/kick lab measure styles build/model-data --write docs/generate.md \
		--out src/kickitout/model_files/default.styles.json
	$(VENV)/bin/kick styles --sheet docs/images/styles.png --force

# The drum-type network in the package and its card. DATA holds kicks-open, kicks-open-2, drums-open and drums-open-2 (to
# learn from: what asks for no notice), kicks-study and drums-study (to measure); in drums-* a folder a type.
drum-types: $(VENV)/dev
	OMP_NUM_THREADS=1 $(VENV)/bin/kick lab measure drum-types \
		--kicks $(DATA)/kicks-open $(DATA)/kicks-open-2 --drums $(DATA)/drums-open $(DATA)/drums-open-2 \
		--unseen-kicks $(DATA)/kicks-study --unseen-drums $(DATA)/drums-study \
		--out src/kickitout/model_files/drum_types.onnx > build/drum_types.md
	cp build/drum_types.md src/kickitout/model_files/drum_types.md

# The paper of the laboratory in the folder LAB, with sounds of that in HEARD, and its results.
LAB ?= lab
HEARD ?= docs/listening
paper: $(VENV)/dev
	$(VENV)/bin/kick lab results --lab $(LAB) -o docs/evidence --force
	$(VENV)/bin/kick lab paper --lab $(LAB) --listen-to $(HEARD) -o docs/paper.html --pdf build/paper.pdf --force

# All there is to show, for any static host: kicks to play, the studio, the docs, the paper. Try it:
# python -m http.server -d build/site
site: $(VENV)/dev
	$(VENV)/bin/kick lab site -o build/site --force

$(VENV)/light: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet -c constraints.txt -e .
	touch $@

$(VENV)/studio: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet -c constraints.txt -e '.[studio]'
	touch $@ $(VENV)/light

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
	touch $@ $(VENV)/light $(VENV)/studio $(VENV)/train

clean:
	rm -rf $(VENV) $(VENV)-audit build dist .pytest_cache .hypothesis .mypy_cache .ruff_cache
