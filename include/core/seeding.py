"""Independent, reproducible seeds from one root seed and a name.

Libraries are seeded where they are used: torch in training, `np_random` in the environments.
"""

import hashlib


def derive_seed(root_seed: int, *names: str | int) -> int:
    """Return a 32-bit seed that depends on `root_seed` and every name, and on nothing else."""
    text = "\x1f".join([str(root_seed), *map(str, names)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")
