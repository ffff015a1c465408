"""Normalisation of an observation as VecNormalize of stable-baselines3 does it; its statistics belong to training."""

from include.evaluation.kernels.jit import kernel


@kernel
def standardized(value: float, mean: float, deviation: float, clip: float) -> float:
    """Return `value` centred, scaled and clipped, in float64; a NaN stays one."""
    scaled = (value - mean) / deviation
    scaled = clip if scaled > clip else scaled
    return -clip if scaled < -clip else scaled
