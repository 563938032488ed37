"""The short form of the kill campaign; the full form is `python -m tests.faults.campaign`."""

from tests.faults.campaign import campaign


async def test_kills_of_replicas_and_store_lose_no_page_split_no_incident_and_mark_every_copy(tmp_path):
    figures = await campaign(tmp_path, kills=6, store_kills=2, seed=20261123)
    print(vars(figures))
    assert (figures.kills, figures.store_kills) == (6, 2)
    assert figures.services >= 20
    assert (figures.lost, figures.split, figures.wrong, figures.unmarked) == ([], [], [], [])
    assert figures.most_copies <= 3
    assert figures.copies <= 8  # of eight kills one each at the worst; the rate is the full form's matter
