from pathlib import Path

import pytest

from include.core.errors import InvalidInputError
from include.core.paths import REPOSITORY, Home


def test_every_place_lies_under_the_home() -> None:
    home = Home(Path("/somewhere"))
    places = [home.lake, home.staging, home.datasets, home.runs, home.data_quality, home.sandbox, home.airflow]
    places += [home.features("market94"), home.dataset("d"), home.run("r"), home.revalidation("v"), home.champion("s")]
    places += [home.feature_reports, home.feature_report("market94"), home.checks]
    assert all(place.is_relative_to(home.root) for place in places)
    assert len(set(places)) == len(places)


def test_the_repository_is_the_folder_of_the_makefile() -> None:
    assert (REPOSITORY / "Makefile").is_file()


@pytest.mark.parametrize("name", ["../../etc", "..", "a/b", ".hidden", ""])
def test_a_name_cannot_lead_out_of_its_folder(name: str) -> None:
    home = Home(Path("/somewhere"))
    for place in (home.features, home.dataset, home.run, home.revalidation, home.champion):
        with pytest.raises(InvalidInputError, match="must be letters, digits"):
            place(name)
