import re

import pytest

from cyclekit.data.catalogue import LAYOUTS, Entry, catalogue_file, entries, find
from cyclekit.errors import UnknownNameError


def every_entry() -> list[Entry]:
    found = entries()
    assert len(found) >= 15
    return found


def test_every_entry_names_its_pictures_source_and_licence() -> None:
    for entry in every_entry():
        assert entry.what.endswith(".")
        assert entry.licence
        assert entry.source.startswith(("https://", "http://"))


def test_every_layout_is_a_known_one() -> None:
    assert {entry.layout for entry in every_entry()} == set(LAYOUTS)


def test_only_sets_of_one_domain_have_one_domain() -> None:
    for entry in every_entry():
        assert (len(entry.domains) == 1) == (entry.layout == "single"), entry.name


def test_counts_are_of_folders_that_the_layout_has() -> None:
    folders = {
        "unpaired": r"(train|test)[AB]",
        "paired": "train|val|test",
        "classes": r"(train|val|test)/\w+",
        "single": "",
    }
    for entry in every_entry():
        for folder, count in entry.counts.items():
            assert re.fullmatch(folders[entry.layout], folder), entry.name
            assert count > 0


def test_addresses_are_encrypted_ones() -> None:
    addresses = [entry.url for entry in every_entry() if entry.url]
    assert len(addresses) >= 10
    assert all(address.startswith("https://") for address in addresses)


def test_a_mistyped_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match=r"unknown dataset 'horse2zebar'.*'horse2zebra'"):
        find("horse2zebar")


def test_find_returns_the_entry_of_that_name() -> None:
    assert find("horse2zebra").domains == ("horse", "zebra")


def test_the_catalogue_lies_in_the_checkout_or_the_package() -> None:
    assert catalogue_file().is_file()
