# make lab: the course in JupyterLab. make help: all there is.
# Needs Python 3.11 or newer; another one than python3: make lab PYTHON=/path/to/python3.12
PYTHON ?= python3
VENV ?= .venv
IN := $(VENV)/bin/python
# The kernel is the environment's own, whatever other kernels this account has.
export JUPYTER_PREFER_ENV_PATH = 1
unexport JUPYTER_PATH
# A dragged slider is answered 40 ms sooner at times: tools/jupyter_server_config.py says why.
export JUPYTER_CONFIG_PATH := $(CURDIR)/tools

ALIVE := $(IN) -c '' 2>/dev/null || { echo 'The environment $(VENV) no longer works (was Python updated or removed?): make clean, and try again'; exit 1; }

.PHONY: help lab workbook grading test slides print notebooks browser-test bench mutants clean
.DEFAULT_GOAL := help

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*## /make \1|/p' Makefile | while IFS='|' read -r name what; \
	  do printf '%-18s %s\n' "$$name" "$$what"; done

lab: $(VENV)/for-lab  ## open the course in JupyterLab: copies without outputs, in workbook/
	@$(ALIVE)
	@$(IN) tools/workbook.py --lab

workbook: $(VENV)/for-lab  ## fresh copies of lessons without outputs; yours are kept (N="03 07")
	@$(IN) tools/workbook.py $(N)

grading: $(VENV)/for-grading  ## lessons for nbgrader, yours and the students', in grading/ (N="03 07")
	@$(IN) tools/grading.py $(N)

test: $(VENV)/for-tests  ## all tests that need no browser (N="01 12": only these notebooks)
	@$(ALIVE)
	$(IN) -m pytest -n 2 --dist loadscope --no-loadscope-reorder $(if $(N),$(wildcard $(foreach n,$(N),notebooks/$(n)*.ipynb notebooks/solutions/$(n)*.ipynb)))

slides: $(VENV)/for-export  ## lessons as slides, one HTML file each, in exports/ (N="01 03": only these)
	$(IN) tools/export.py slides $(N)

print: $(VENV)/for-export  ## the whole course as exports/course.pdf (needs Chromium, Chrome or Edge)
	$(IN) tools/export.py print

notebooks: $(VENV)/for-tests  ## run the notebooks again and store their outputs (N="01 03": only these; MEASURE=1: fresh timings too)
	$(IN) tools/store.py $(if $(MEASURE),--measure) $(N)

browser-test: $(VENV)/for-tests  ## the notebooks in JupyterLab in Chromium
	$(IN) -m pytest tests/browser

bench: $(VENV)/for-tests  ## time a move of each explorer, the imports, a trace: some ten minutes
	$(IN) -m pytest tests/benchmarks

mutants: $(VENV)/for-tests  ## small faults in what computes: which does no test see? About an hour
	$(IN) tests/mutants.py $(if $(COUNT),--count $(COUNT)) $(N)

clean:  ## remove what make has made
	rm -rf $(VENV) exports picture-differences *.egg-info build

# Made again when the list of packages has changed. Without the network, what is there may be enough.
INSTALL = @$(ALIVE); echo 'Installing the packages into $(VENV): about a minute and 500 MB, once'; \
	$(IN) -m pip install --quiet --disable-pip-version-check -e '.$(1)' >$(VENV)/pip.log 2>&1 \
	|| { $(IN) tools/installed.py $(2) >/dev/null 2>&1 && echo 'Warning: pip failed, but all that pyproject.toml lists is installed: going on.'; } \
	|| { tail -n 3 $(VENV)/pip.log; echo 'The packages could not be installed: pip needs the network; all that it said is in $(VENV)/pip.log.'; exit 1; }

$(VENV)/for-lab: pyproject.toml $(VENV)/made
	$(call INSTALL,,)
	@touch $@

$(VENV)/for-tests: pyproject.toml $(VENV)/made
	$(call INSTALL,[test],test)
	@touch $@ $(VENV)/for-lab

$(VENV)/for-export: pyproject.toml $(VENV)/made
	$(call INSTALL,[export],export)
	@touch $@ $(VENV)/for-lab

$(VENV)/for-grading: pyproject.toml $(VENV)/made
	$(call INSTALL,[grading],grading)
	@touch $@ $(VENV)/for-lab

# One line for whatever is missing, before anything is half made.
$(VENV)/made:
	@command -v '$(PYTHON)' >/dev/null 2>&1 || { echo 'Python is missing: $(PYTHON) is not found. Install Python 3.11 or newer, or name yours: make lab PYTHON=/path/to/python3'; exit 1; }
	@'$(PYTHON)' -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python %d.%d is too old: the course needs 3.11 or newer. Name another: make lab PYTHON=/path/to/python3" % sys.version_info[:2])'
	@'$(PYTHON)' -c 'import venv, ensurepip' 2>/dev/null || { echo 'python3-venv is missing: this Python has no venv module. On Debian and Ubuntu: sudo apt install python3-venv'; exit 1; }
	@'$(PYTHON)' -m venv $(VENV) || { rm -rf $(VENV); echo 'The environment $(VENV) could not be made: the reason stands above.'; exit 1; }
	@touch $@
