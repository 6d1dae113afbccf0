"""The client is a package of its own: installed by itself, it finds nothing of the farm and needs nothing of it."""

from __future__ import annotations

import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement

CLIENT = Path(__file__).parents[2] / "clients" / "python"
FARM = ("farm", "ledger", "profiles", "integrations", "tasks", "gateway", "tools", "fixtures", "celery", "sqlalchemy")
LOOK = """
import importlib.util, sys
sys.path[:0] = sys.argv[1:]
import readback_client, readback_client.webhooks
assert readback_client.__file__.startswith(sys.argv[1]), readback_client.__file__
readback_client.Client(key="k").close()
print(sorted({name.partition(".")[0] for name in sys.modules}))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    from hatchling.builders.wheel import WheelBuilder

    folder = tmp_path_factory.mktemp("wheel")
    return Path(next(WheelBuilder(str(CLIENT)).build(directory=str(folder), versions=["standard"])))


def test_the_wheel_holds_the_client_and_its_types(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.partition("/")[0] for name in names} == {"readback_client", "readback_client-0.1.0.dist-info"}
    assert "readback_client/py.typed" in names


def test_it_is_imported_where_there_is_no_farm(wheel, tmp_path):
    """A Python without our site-packages: only what the client says that it needs is put on the path."""
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-W", "error", "-c", LOOK, str(tmp_path / "site"), str(needed(tmp_path))],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert "readback_client" in done.stdout
    assert [name for name in FARM if f"'{name}'" in done.stdout] == []


def needed(folder: Path) -> Path:
    """What the client's dependencies are made of, each as a link, and nothing else."""
    from importlib.metadata import distribution

    links = folder / "needed"
    links.mkdir()
    wanted = tomllib.loads((CLIENT / "pyproject.toml").read_text())["project"]["dependencies"]
    todo, done = [Requirement(line) for line in wanted], set()
    while todo:
        each = todo.pop()
        if each.name in done or (each.marker and not each.marker.evaluate({"extra": ""})):
            continue
        done.add(each.name)
        found = distribution(each.name)
        todo += [Requirement(line) for line in found.requires or ()]
        for top in {file.parts[0] for file in found.files or () if file.parts[0] not in {"..", "__pycache__"}}:
            if not (links / top).exists():
                (links / top).symlink_to(Path(str(found.locate_file(top))))
    return links
