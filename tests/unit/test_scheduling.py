from tests.support.scheduling import spread


def test_each_worker_begins_with_its_share_of_the_slow_tests() -> None:
    """No slow test is begun when the others have ended."""
    others = list(range(20))
    order = spread(["a", "b", "c", "d"], others, workers=3)
    assert [order[:2], order[8], order[16]] == [["a", "d"], "b", "c"]
    assert [item for item in order if item in others] == others


def test_no_test_is_left_out_or_run_twice() -> None:
    """However few or many there are of each kind."""
    for slow in range(8):
        for others in range(12):
            items = [(True, n) for n in range(slow)], [(False, n) for n in range(others)]
            for workers in range(1, 7):
                assert sorted(spread(*items, workers)) == sorted([*items[0], *items[1]])


def test_one_worker_runs_the_slow_tests_first() -> None:
    """Each kind keeps its order."""
    assert spread(["a", "b"], ["c", "d"], workers=1) == ["a", "b", "c", "d"]
