# make lab: the course in JupyterLab. make help: all there is.
# Needs Python 3.11 or newer; another one than python3: make lab PYTHON=/path/to/python3.12
PYTHON ?= python3
export VENV ?= .venv
IN := $(VENV)/bin/python
START := $(if $(shell $(IN) -c 'print(1)' 2>/dev/null),$(IN),$(PYTHON))
# The kernel is the environment's own, whatever other kernels this account has.
export JUPYTER_PREFER_ENV_PATH = 1
unexport JUPYTER_PATH
# A dragged slider is answered 40 ms sooner at times: tools/jupyter_server_config.py says why.
export JUPYTER_CONFIG_PATH := $(CURDIR)/tools

.PHONY: help lab workbook grading test slides print notebooks browser-test bench mutants clean $(addprefix $(VENV)/for-,lab tests export grading)
.DEFAULT_GOAL := help

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*## /make \1|/p' Makefile | while IFS='|' read -r name what; \
	  do printf '%-18s %s\n' "$$name" "$$what"; done

lab: $(VENV)/for-lab  ## open the course in JupyterLab: copies without outputs, in workbook/
	@$(IN) tools/workbook.py --lab

workbook: $(VENV)/for-lab  ## fresh copies of lessons without outputs; yours are kept (N="03 07")
	@$(IN) tools/workbook.py $(N)

grading: $(VENV)/for-grading  ## lessons for nbgrader, yours and the students', in grading/ (N="03 07")
	@$(IN) tools/grading.py $(N)

test: $(VENV)/for-tests  ## all tests that need no browser (N="01 12": only these notebooks)
	@$(IN) tools/test.py $(N)

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
	rm -rf $(VENV) .venv-lowest .home exports picture-differences *.egg-info build

# tools/ready.py makes the environment and installs what is missing; here only what must be said before it can run.
$(VENV)/for-lab:
	$(call READY,)

$(VENV)/for-tests:
	$(call READY,test)

$(VENV)/for-export:
	$(call READY,export)

$(VENV)/for-grading:
	$(call READY,grading)

define READY
	@command -v '$(START)' >/dev/null 2>&1 || { echo 'Python is missing: $(PYTHON) is not found. Install Python 3.11 or newer, or name yours: make lab PYTHON=/path/to/python3'; exit 1; }
	@'$(START)' -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python %d.%d is too old: the course needs 3.11 or newer. Name another: make lab PYTHON=/path/to/python3" % sys.version_info[:2])'
	@'$(START)' tools/ready.py $(1)
endef
