import numpy as np

from include.training.fused.layout import ACTOR, CRITIC, Layout

# 3 inputs, hidden layers of 20 and 4, 5 actions: in memory 3 → 32 → 16 → 16
LAYOUT = Layout(3, (20, 4), 5)


def _parameters() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    shapes = {
        "mlp_extractor.policy_net.0": (20, 3),
        "mlp_extractor.policy_net.2": (4, 20),
        "action_net": (5, 4),
        "mlp_extractor.value_net.0": (20, 3),
        "mlp_extractor.value_net.2": (4, 20),
        "value_net": (1, 4),
    }
    weights = {f"{name}.weight": rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    biases = {f"{name}.bias": rng.normal(size=shape[0]).astype(np.float32) for name, shape in shapes.items()}
    return weights | biases


def test_unpack_returns_what_pack_took() -> None:
    parameters = _parameters()
    unpacked = LAYOUT.unpack(LAYOUT.pack(parameters))
    assert unpacked.keys() == parameters.keys()
    for name, tensor in parameters.items():
        assert (unpacked[name] == tensor).all()


def test_the_widened_parts_are_zero() -> None:
    parameters = _parameters()
    networks = LAYOUT.pack(parameters)
    for network, part in ((ACTOR, "policy_net"), (CRITIC, "value_net")):
        heads = {ACTOR: "action_net", CRITIC: "value_net"}[network]
        held = sum(
            tensor.size
            for name, tensor in parameters.items()
            if name.startswith((f"mlp_extractor.{part}", f"{heads}."))
        )
        assert np.count_nonzero(networks[network]) == held


def test_unpacked_tensors_are_copies() -> None:
    networks = LAYOUT.pack(_parameters())
    before = networks.copy()
    for tensor in LAYOUT.unpack(networks).values():
        tensor[...] = 0.0
    assert (networks == before).all()
