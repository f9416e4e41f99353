# make run     starts the desktop app; where there is no display, the demo in the terminal
# make test    formatting, lint, types (for Linux, Windows and macOS), tests
# make bundle  the app as one folder and archive that need no Python, in dist/
# Each sets up what it needs first: see .ci/setup.

bin := .venv/bin
has_display := $(or $(DISPLAY),$(WAYLAND_DISPLAY))
has_app := $(wildcard gui/app.py)
pytest := xvfb-run -a -s "-screen 0 1920x1080x24" $(bin)/python -m pytest

.PHONY: run test bundle

ifeq (,$(and $(has_display),$(has_app)))
run: .venv/.ready-base
	@$(bin)/medn demo
else
run: .venv/.ready-app
	@$(bin)/python -m gui.display && exec $(bin)/medn || exec $(bin)/medn demo
endif

# Threads that spin for work slow each other down on small machines: one each, and two test processes. A test that fails runs
# once more, alone, so that a machine that stalled does not fail the build; both results are printed.
test: export OMP_NUM_THREADS = 1
test: export OMP_WAIT_POLICY = PASSIVE
test: export QT_QPA_PLATFORM = offscreen
test: .venv/.ready-test
	$(bin)/ruff format --check .
	$(bin)/ruff check .
	printf '%s\n' linux win32 darwin | xargs -P 2 -I {} $(bin)/mypy --platform {} --cache-dir .mypy_cache/{}
	$(pytest) -n 2 --dist loadfile --durations 25 || { echo "What failed runs once more, alone:" && $(pytest) --last-failed --last-failed-no-failures none; }

bundle: .venv/.ready-app
	@.ci/bundle

# One stamp for each part; it is old when what is to be installed may have changed.
.venv/.ready-%: pyproject.toml .ci/setup
	@.ci/setup $*
