"""The house itself: the arrows bite, the files for machines say what the code says, a bare machine is told."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from itertools import chain
from pathlib import Path

import pytest
import typer.main
import yaml

ROOT = Path(__file__).parents[1]
PACKAGES = ("farm", "ledger", "profiles", "integrations", "tasks", "gateway", "tools", "fixtures")
CLIENT = "readback_client"
FILE_LIMIT_LINES = 320


def run(*command: str | Path, cwd: Path = ROOT, **environ: str) -> subprocess.CompletedProcess[str]:
    """Runs it with this environment only: ours may come from a make, which speaks to the makes below it."""
    environ = {"PATH": os.environ["PATH"]} | environ
    return subprocess.run(command, cwd=cwd, env=environ, capture_output=True, text=True, timeout=60, check=False)


class TestArrows:
    @pytest.fixture
    def skeleton(self, tmp_path: Path) -> Path:
        shutil.copy(ROOT / "pyproject.toml", tmp_path)
        for package in (*PACKAGES, CLIENT):
            (tmp_path / package).mkdir()
            (tmp_path / package / "__init__.py").touch()
        return tmp_path

    def lint(self, folder: Path) -> subprocess.CompletedProcess[str]:
        program = Path(sys.executable).parent / "lint-imports"
        return run(program, "--no-cache", cwd=folder, PYTHONPATH=str(folder), PATH="/usr/bin:/bin")

    def test_an_empty_house_keeps_them(self, skeleton):
        done = self.lint(skeleton)
        assert done.returncode == 0, done.stdout

    @pytest.mark.parametrize(
        ("who", "imports"),
        [
            ("farm", "ledger"),
            ("farm", "sqlalchemy"),
            ("farm", "redis"),
            ("farm", "celery"),
            ("farm", "fixtures"),
            ("ledger", "profiles"),
            ("profiles", "integrations"),
            ("integrations", "profiles"),
            ("integrations", "celery"),
            ("integrations", "httpx"),
            ("tasks", "tools"),
            ("tasks", "integrations"),
            ("tasks", "fixtures"),
            ("tools", "gateway"),
            ("tools", "integrations"),
            ("tools", "celery"),
            ("gateway", "celery"),
            ("gateway", "integrations"),
            ("fixtures", "farm"),
            ("fixtures", "tools"),
            (CLIENT, "farm"),
            (CLIENT, "gateway"),
        ],
    )
    def test_an_arrow_that_points_up_or_sideways_breaks(self, skeleton, who, imports):
        (skeleton / who / "wrong.py").write_text(f"import {imports}\n")
        done = self.lint(skeleton)
        assert done.returncode == 1, done.stdout
        assert re.search(rf"{who}\.wrong -> {imports}", done.stdout), done.stdout


class TestFiles:
    def test_a_file_is_one_idea(self):
        folders = (*PACKAGES, f"clients/python/{CLIENT}")
        ours = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
        assert ours
        unclear = {"utils", "helpers", "common", "manager", "base"}
        assert [str(path) for path in ours if path.stem in unclear] == []
        long = [path for path in ours if len(path.read_text().splitlines()) > FILE_LIMIT_LINES]
        assert [str(path) for path in long if "migrations" not in path.parts] == []

    def test_every_dependency_is_pinned(self):
        project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
        wanted = list(chain(project["dependencies"], *project["optional-dependencies"].values()))
        names = {re.split(r"[^\w-]", line, maxsplit=1)[0].lower() for line in wanted} - {"readback"}
        pinned = {line.split("==")[0] for line in (ROOT / "constraints.txt").read_text().splitlines()}
        assert names - pinned == set()

    def test_constraints_name_versions_only(self):
        """No index, no path, no hash: a pin of this kind holds wherever the packages come from."""
        for line in (ROOT / "constraints.txt").read_text().splitlines():
            assert re.fullmatch(r"[a-z0-9-]+==[\w.]+( ; [\w\s.<>='!()]+)?", line), line

    def test_nothing_committed_names_a_folder_of_somebodys_machine(self):
        files = run("git", "ls-files", "-z").stdout.split("\0")
        assert "pyproject.toml" in files
        for name in filter(None, files):
            content = (ROOT / name).read_bytes() if (ROOT / name).is_file() else b""
            assert not re.search(rb"/(work|home|Users)/\w+/\w+", content), name


class TestCompose:
    @pytest.fixture
    def services(self):
        return yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]

    def test_the_file_is_a_compose_file(self):
        check = Path(sys.executable).parent / "check-jsonschema"
        done = run(check, "--builtin-schema", "vendor.compose-spec", "docker-compose.yml")
        assert done.returncode == 0, done.stdout

    def test_every_command_of_ours_is_one(self, services):
        from gateway.cli import app

        command = typer.main.get_group(app)
        ours = {name: s["command"] for name, s in services.items() if s.get("command", [""])[0] == "readback"}
        workers = {"worker-book", "worker-verify", "worker-nightly"}
        assert set(ours) == {"migrate", "relay", "gateway", "egress", "beat"} | workers
        for words in ours.values():
            group = command.make_context("readback", list(words[1:]))
            name, found, rest = command.resolve_command(group, words[1:])
            assert found is not None
            found.make_context(name, rest, parent=group)  # raises what a person would be told

    def test_every_part_ends_its_children_and_waits_for_what_it_needs(self, services):
        for name, service in services.items():
            assert service["init"] is True, name
            if service.get("build") and name != "migrate":
                needs = {other: how["condition"] for other, how in service["depends_on"].items()}
                ledger = {"redis": "service_healthy", "migrate": "service_completed_successfully"}
                guard = {"egress": "service_started"} if name.startswith("worker") else {}
                assert needs == ({} if name == "egress" else ledger | guard), name

    def test_a_container_is_the_sandbox_and_holds_as_one(self, services):
        """Docker's default denies what Chromium's own sandbox needs."""
        for name in ("worker-book", "worker-verify", "worker-nightly"):
            service = services[name]
            assert service["environment"]["READBACK_CHROMIUM_SANDBOX"] == "off", name
            assert service["cap_drop"] == ["ALL"]
            assert service["security_opt"] == ["no-new-privileges:true"]
        assert re.search(r"^USER readback$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)

    def test_redis_keeps_and_evicts_as_the_private_one_does(self, services):
        words = " ".join(services["redis"]["command"])
        assert "--appendonly yes" in words
        assert "--appendfsync everysec" in words
        assert "--maxmemory-policy noeviction" in words


class TestBareMachine:
    """tools/bootstrap.sh on a machine that has only what lies in one folder."""

    @pytest.fixture
    def machine(self, tmp_path: Path) -> Path:
        house, bin_ = tmp_path / "house", tmp_path / "bin"
        (house / "tools").mkdir(parents=True)
        bin_.mkdir()
        for name in ("pyproject.toml", "constraints.txt", "tools/bootstrap.sh"):
            shutil.copy(ROOT / name, house / name)
        for name in ("sh", "cat", "cksum", "dirname", "rm"):
            (bin_ / name).symlink_to(str(shutil.which(name)))
        self.write(bin_ / "id", "echo 1000")
        return tmp_path

    def write(self, path: Path, line: str) -> None:
        path.write_text(f"#!/bin/sh\n{line}\n")
        path.chmod(0o755)

    def bootstrap(self, machine: Path) -> subprocess.CompletedProcess[str]:
        return run(machine / "bin" / "sh", machine / "house/tools/bootstrap.sh", PATH=str(machine / "bin"))

    def test_without_python_it_says_so(self, machine):
        done = self.bootstrap(machine)
        assert done.returncode == 1
        assert "needs Python 3.11 or newer" in done.stderr

    def test_an_old_python_is_none(self, machine):
        self.write(machine / "bin" / "python3", "exit 1")
        assert "needs Python 3.11 or newer" in self.bootstrap(machine).stderr

    def test_a_python_without_venv_and_nobody_to_ask(self, machine):
        self.write(
            machine / "bin" / "python3.12",
            'case "$2" in *ensurepip) exit 1;; *print*) echo python3.12-venv;; esac',
        )
        done = self.bootstrap(machine)
        assert done.returncode == 1
        assert "sudo apt-get install python3.12-venv" in done.stderr

    def test_packages_are_installed_once(self, machine):
        """The Python here only notes what it was asked; its venv holds itself."""
        python = machine / "bin" / "python3"
        self.write(
            python,
            f'echo "$*" >> {machine}/asked\n'
            'case "$*" in *"-m venv"*) mkdir -p .venv/bin; cp "$0" .venv/bin/python;; esac',
        )
        for name in ("mkdir", "cp"):
            (machine / "bin" / name).symlink_to(str(shutil.which(name)))
        assert self.bootstrap(machine).returncode == 0
        asked = (machine / "asked").read_text()
        assert "--constraint constraints.txt --editable .[test]" in asked
        again = self.bootstrap(machine)
        assert (again.returncode, again.stdout) == (0, "")
        assert (machine / "asked").read_text() == asked
        with (machine / "house/constraints.txt").open("a") as constraints:
            constraints.write("one-more==1.0\n")
        assert "Installing packages" in self.bootstrap(machine).stdout


class TestMake:
    def test_help_names_every_target(self):
        targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
        said = run("make").stdout
        assert {line.split()[1] for line in said.splitlines()} == set(targets)

    @pytest.mark.parametrize(
        ("words", "command"),
        [([], "readback demo"), (["VENUE=pretix"], "readback demo --venue pretix")],
    )
    def test_the_venue_passes_through(self, words, command):
        assert run("make", "-n", "demo", *words).stdout.splitlines()[-1].strip().endswith(command)

    def test_ci_checks_and_tests(self):
        script = ROOT / ".ci" / "run"
        assert script.stat().st_mode & 0o111
        assert script.read_text().splitlines()[-1] == "CONFORMANCE=short make check test"
