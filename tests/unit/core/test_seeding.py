from include.core.seeding import derive_seed


def test_a_seed_depends_on_root_and_every_name() -> None:
    seeds = {derive_seed(1), derive_seed(2), derive_seed(1, "a"), derive_seed(1, "b"), derive_seed(1, "a", "b")}
    assert len(seeds) == 5
    assert derive_seed(1, "a", 2) == derive_seed(1, "a", "2")


def test_names_do_not_run_into_each_other() -> None:
    assert derive_seed(1, "ab", "c") != derive_seed(1, "a", "bc")


def test_a_seed_fits_32_bits() -> None:
    assert all(0 <= derive_seed(root) < 2**32 for root in range(100))
