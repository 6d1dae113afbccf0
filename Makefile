# A fresh machine needs make and Python 3.11 or newer; everything else is fetched into .venv.
.DEFAULT_GOAL := help
.PHONY: help setup demo test check constraints clean

BIN := .venv/bin
VENUE ?=
TESTS ?=
# What a person sees is tested in a pytest process of its own: the two plugins for browsers and loops do not share one.
# Most tests wait for pages, processes and databases: three run at once, each file in one process.
AT_ONCE := -n 3
PAGES := -c tests/pages/pytest.ini --rootdir .

help:  ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r name what; do \
		printf '  make %-12s %s\n' "$$name" "$$what"; done

setup:  ## virtual environment, packages, a Chromium, a Redis; seconds when all is there
	@sh tools/bootstrap.sh
	@$(BIN)/python -m tools.setup

demo: setup  ## twins, a worker and a stream of bookings with faults; VENUE=pretix for a real shop
	@$(BIN)/readback demo $(if $(VENUE),--venue $(VENUE))

test: setup  ## all tests; TESTS=tests/tasks for some of them
	@$(BIN)/python -m pytest $(if $(filter tests/pages%,$(TESTS)),$(PAGES),$(AT_ONCE)) $(TESTS)
	$(if $(TESTS),,@$(BIN)/python -m pytest $(PAGES) tests/pages)

check: setup  ## ruff, mypy, and the arrows between the layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

constraints:  ## pin today's versions again (needs uv on the PATH)
	env -u PIP_FIND_LINKS -u PIP_INDEX_URL -u PIP_EXTRA_INDEX_URL uv pip compile --no-config --universal --upgrade \
		--python-version 3.11 --extra test --no-annotate --no-header --no-emit-index-url --no-emit-find-links \
		--quiet --output-file constraints.txt pyproject.toml

clean:  ## what setup and tests made; the bookings in .readback stay
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache test-results
