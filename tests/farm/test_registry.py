"""Closed schemas: file, key and the nearest known one are named; a script must keep what its manifest promises."""

import shutil
from pathlib import Path

import pytest

from farm.errors import ContractBroken
from farm.registry import Registry, UnknownName
from farm.schema import SchemaFaults
from profiles.partner import Partners

STOCK = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path):
    shutil.copytree(STOCK / "integrations" / "osteria_luna", tmp_path / "osteria_luna")
    return tmp_path


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def refused(*folders) -> str:
    with pytest.raises(SchemaFaults) as caught:
        Registry.load(folders)
    return str(caught.value)


def test_the_stock_folders_are_whole():
    registry = Registry.load([STOCK / "integrations"])
    partners = Partners.load([STOCK / "profiles" / "partners"])
    assert {venue.integration for venue in registry.venues.values()} == set(registry.integrations) != set()
    for venue in registry.venues.values():
        registry.script(venue)
        assert partners.must_have(venue.partner).access.hosts


def test_an_unknown_key_names_file_key_and_nearest(folder):
    manifest = folder / "osteria_luna" / "manifest.toml"
    edit(manifest, "[settle]\n", "[settle]\nsetle_s = 3\n")
    said = refused(folder)
    assert str(manifest) in said
    assert "unknown key `setle_s`; did you mean `settle_s`?" in said


def test_faults_of_several_files_come_at_once(folder):
    edit(folder / "osteria_luna" / "manifest.toml", "[commit]\n", "[commit]\nmetod = 1\n")
    edit(folder / "osteria_luna" / "venues" / "trattoria_sole.toml", "Europe/Rome", "Europe/Rom")
    said = refused(folder)
    assert "did you mean `method`?" in said
    edit(folder / "osteria_luna" / "manifest.toml", "metod = 1\n", "")
    edit(folder / "osteria_luna" / "venues" / "osteria_luna.toml", "kind = ", "knd = ")
    said = refused(folder)
    assert "`Europe/Rom` is no IANA time zone" in said
    assert "did you mean `kind`?" in said


def test_a_setting_that_the_manifest_does_not_ask_for(folder):
    venue = folder / "osteria_luna" / "venues" / "osteria_luna.toml"
    venue.write_text(venue.read_text() + '\n[settings]\ncolour = "red"\n')
    assert "settings.colour: unknown key `colour`" in refused(folder)


def test_a_later_folder_adds_venues_to_a_known_integration(tmp_path):
    venues = tmp_path / "osteria_luna" / "venues"
    venues.mkdir(parents=True)
    shutil.copy(STOCK / "integrations/osteria_luna/venues/osteria_luna.toml", venues / "osteria_altra.toml")
    registry = Registry.load([STOCK / "integrations", tmp_path])
    assert registry.venue("osteria_altra").integration == "osteria_luna"
    with pytest.raises(UnknownName, match="did you mean `osteria_altra`"):
        registry.venue("osteria_altr")


def test_the_same_venue_twice_is_refused(folder):
    assert "exists already" in refused(STOCK / "integrations", folder)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("async def cancel", "async def abandon", "promises cancel"),
        ("class OsteriaLuna(", "class Osteria(", "OsteriaLuna"),
        ("async def submit", "async def commit", "no complete VenueScript"),
    ],
)
def test_a_script_that_breaks_its_promise_is_found_on_load(folder, old, new, said):
    edit(folder / "osteria_luna" / "script.py", old, new)
    registry = Registry.load([folder])
    with pytest.raises(ContractBroken, match=said):
        registry.script(registry.venue("osteria_luna"))


def test_a_partner_file_with_an_unknown_key(tmp_path):
    stock = (STOCK / "profiles/partners/bologna_tables.toml").read_text()
    (tmp_path / "q.toml").write_text(stock + 'timezone = "Europe/Rom"\n')
    with pytest.raises(SchemaFaults, match=r"fingerprint\.timezone: `Europe/Rom` is neither `venue` nor an IANA"):
        Partners.load([tmp_path])
    (tmp_path / "q.toml").unlink()
    (tmp_path / "p.toml").write_text(stock.replace("gap_ms", "gap_s"))
    with pytest.raises(SchemaFaults, match=r"p\.toml: pacing\.gap_s: unknown key `gap_s`; did you mean `gap_ms`\?"):
        Partners.load([tmp_path])


def test_a_broken_manifest_is_not_blamed_on_its_venues(folder):
    edit(folder / "osteria_luna" / "manifest.toml", "[commit]\n", "[commit]\nmetod = 1\n")
    assert "no integration" not in refused(folder)


@pytest.mark.parametrize(("key", "place"), [("slug", "file"), ("integration", "folder")])
def test_a_venue_is_named_by_its_place(folder, key, place):
    edit(folder / "osteria_luna" / "venues" / "osteria_luna.toml", "name = ", f'{key} = "x"\nname = ')
    assert f"unknown key `{key}`; it is the name of the {place}" in refused(folder)


def test_a_folder_in_the_place_of_a_file_is_said(folder):
    (folder / "osteria_luna" / "venues" / "x.toml").mkdir()
    assert "cannot be read: Is a directory" in refused(folder)


@pytest.mark.parametrize("text", ["def broken(:", "import nothing_of_this_name", "1 / 0"])
def test_a_script_that_does_not_load_is_a_broken_contract(folder, text):
    (folder / "osteria_luna" / "script.py").write_text(text)
    registry = Registry.load([folder])
    for _ in range(2):
        with pytest.raises(ContractBroken, match="does not load"):
            registry.script(registry.venue("osteria_luna"))
