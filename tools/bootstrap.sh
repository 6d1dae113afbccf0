#!/bin/sh
# Makes .venv with the packages of constraints.txt. A second run only compares a checksum.
set -eu
cd "$(dirname "$0")/.."

wanted="$(pwd) $(cat pyproject.toml constraints.txt | cksum)"
stamp=.venv/installed
if [ -x .venv/bin/python ] && [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ]; then
    exit 0
fi

new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

install() {
    rm -f "$stamp"
    echo "Installing packages${1:-}"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input \
        --constraint constraints.txt --editable '.[test]'
    echo "$wanted" >"$stamp"
    exit 0
}

# A virtual environment knows where it lies: one that was moved here is made anew.
if new_enough .venv/bin/python && [ -f .venv/bin/activate ]; then
    case "$(cat .venv/bin/activate)" in *"$(pwd)/.venv"*) install ;; esac
fi

# 3.12 and 3.11 come first: for them pip can bring a Redis.
python=
for candidate in ${PYTHON:-} python3.12 python3.11 python3 python3.13 python3.14 python; do
    if command -v "$candidate" >/dev/null 2>&1 && new_enough "$candidate"; then
        python=$candidate
        break
    fi
done
if [ -z "$python" ]; then
    echo "Readback needs Python 3.11 or newer, and none was found on the PATH." >&2
    echo "Install one (Debian, Ubuntu: apt-get install python3 python3-venv), or say where it is: make setup PYTHON=/path/to/python3" >&2
    exit 1
fi

if ! "$python" -c 'import ensurepip' >/dev/null 2>&1; then
    package=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        echo "$python cannot make virtual environments yet: installing $package"
        apt-get update -qq && apt-get install -qq -y --no-install-recommends "$package" >/dev/null
    else
        echo "$python cannot make virtual environments: its ensurepip module is missing." >&2
        echo "Install it (Debian, Ubuntu: sudo apt-get install $package) and run this again." >&2
        exit 1
    fi
fi

echo "Making .venv with $("$python" --version 2>&1)"
"$python" -m venv --clear .venv
install " (a minute or two)"
