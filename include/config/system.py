"""One trading system: account, reward, training, gates, alert limits, read from `systems/<name>.yaml`."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Discriminator, Field, Tag, model_validator

from include.config.choices import CHANGEABLE, EngineName
from include.config.files import system_document, system_names
from include.config.model import Config, parse
from include.core.errors import ConfigurationError
from include.core.timeframes import Calendar

# the range of the handoff, for schedules and rules too
LEARNING_RATES = (1e-5, 1e-3)
# sections that came later than the first stored configurations
_YOUNGER = ("evidence", "champion")
Positive = Field(gt=0)
Fraction = Field(gt=0, lt=1)


class AccountConfig(Config):
    """Rules of the simulated account; fees and slippage in basis points per side.

    A system without `stop_atr` or `take_profit_atr` has no such exit. `risk_per_trade` sizes a trade by its stop, so
    the two stand together; without them a trade has the size that `max_leverage` allows.
    """

    initial_balance_usd: float = Positive
    fee_bps: float = Field(ge=0)
    slippage_bps: float = Field(ge=0)
    risk_per_trade: float | None = Field(default=None, gt=0, lt=1)
    max_leverage: float = Positive
    stop_atr: float | None = Field(default=None, gt=0)
    take_profit_atr: float | None = Field(default=None, gt=0)
    maintenance_margin: float = Fraction
    ruin_drawdown: float = Fraction
    assumed_funding_bps_per_8h: float = Field(ge=0)
    atr_lookback: int = Field(gt=1)

    @model_validator(mode="after")
    def _risk_has_a_stop(self) -> Self:
        if (self.risk_per_trade is None) != (self.stop_atr is None):
            raise ValueError("`risk_per_trade` and `stop_atr` must both be given or both be absent")
        return self


class RewardConfig(Config):
    """Weights of phase4's four reward components and their constants, percentage points of entry equity."""

    r_pnl: float
    r_hold_bonus: float
    r_invalid_action: float
    r_out_of_market: float
    invalid_action_penalty: float = Field(le=0)
    drawdown_threshold: float = Fraction
    drawdown_weight: float = Field(le=0)
    clip: float = Positive


class ShadowRewardConfig(Config):
    """Weights of shadow's five reward components, in percent of the initial balance before `scaling`."""

    realised_weight: float
    unrealised_weight: float
    losing_weight: float = Field(le=0)
    losing_threshold: float = Fraction
    inactivity_penalty: float = Field(le=0)
    inactivity_candles: int = Field(ge=1)
    ruin_penalty: float = Field(le=0)
    scaling: float = Positive


def _reward_tag(reward: Any) -> str:
    keys = reward if isinstance(reward, dict) else type(reward).model_fields
    return "shadow" if "realised_weight" in keys else "phase4"


AnyReward = Annotated[
    Annotated[RewardConfig, Tag("phase4")] | Annotated[ShadowRewardConfig, Tag("shadow")], Discriminator(_reward_tag)
]


class RangeConfig(Config):
    """Bounds between which a setting is drawn, each value equally likely."""

    low: float
    high: float

    @model_validator(mode="after")
    def _is_ordered(self) -> Self:
        if self.low > self.high:
            raise ValueError("`low` must be at most `high`")
        return self


class HistoryConfig(Config):
    """Candles that a system asks its exchange for, and how few of them deserve a warning."""

    exchange: str
    candles: int = Field(ge=1)
    warning_candles: int = Field(ge=0)


class SplitConfig(Config):
    """Calendar split, counted in candles from the newest one backwards."""

    test_candles: int = Field(ge=1)
    validation_candles: int = Field(ge=1)
    embargo_candles: int = Field(ge=0)
    min_train_candles: int = Field(ge=1)


class AdaptiveRateConfig(Config):
    """When a training lowers its learning rate: multiplied by `factor`, never below the floor of the documents.

    An update whose KL divergence exceeds `kl_limit` lowers it, and so do `plateau_rounds` validation rounds in a row
    without a new best score; None leaves that reason out.
    """

    factor: float = Fraction
    kl_limit: float | None = Field(default=None, gt=0)
    plateau_rounds: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _has_a_reason(self) -> Self:
        if self.kl_limit is None and self.plateau_rounds is None:
            raise ValueError("`kl_limit` or `plateau_rounds` must be given")
        return self


class TrainingConfig(Config):
    """PPO hyper-parameters, spelled as stable-baselines3 spells them, and the rules of a training.

    Attributes
    ----------
    learning_rate, learning_rate_schedule
        "linear" falls from `learning_rate` to 0 at the last step, but never below 1e-5.
    ent_coef, ent_coef_final
        Where the second is given, the coefficient changes from the first to it, linearly in the steps done.
    target_kl
        An epoch whose KL divergence exceeds 1.5 times this ends the update, as in stable-baselines3.
    weight_decay
        Of torch's Adam: this times the parameter is added to the clipped gradient.
    n_envs, n_steps
        A rollout is `n_envs` × `n_steps` environment steps.
    early_stop_rounds
        A training ends after this many validation rounds in a row without a new best score; None: never.
    adaptive_rate
        None leaves the learning rate to its schedule.
    on_divergence
        "stop" ends a training whose losses exceed the alert limits, "warn" only says so.
    """

    engine: EngineName = "fused"
    learning_rate: float = Field(ge=LEARNING_RATES[0], le=LEARNING_RATES[1])
    learning_rate_schedule: Literal["constant", "linear"] = "constant"
    n_steps: int = Field(ge=2)
    batch_size: int = Field(ge=2)
    n_epochs: int = Field(ge=1)
    gamma: float = Field(gt=0, le=1)
    gae_lambda: float = Field(gt=0, le=1)
    clip_range: float = Fraction
    ent_coef: float = Field(ge=0)
    ent_coef_final: float | None = Field(default=None, ge=0)
    vf_coef: float = Field(ge=0)
    max_grad_norm: float = Positive
    target_kl: float | None = Field(default=None, gt=0)
    weight_decay: float = Field(default=0.0, ge=0)
    total_timesteps: int = Field(ge=1)
    net_arch: tuple[int, ...] = Field(min_length=1)
    normalize_observations: bool
    normalize_reward: bool
    checkpoint_every_steps: int = Field(ge=1)
    checkpoints_kept: int = Field(ge=1)
    seed: int = Field(ge=0)
    n_envs: int = Field(default=1, ge=1)
    early_stop_rounds: int | None = Field(default=None, ge=1)
    adaptive_rate: AdaptiveRateConfig | None = None
    on_divergence: Literal["stop", "warn"] = "stop"


class GateConfig(Config):
    """One risk gate. `minimum` is a softer tier that is shown, never decisive; `preset` is what to retrain with."""

    name: str
    label: str
    direction: Literal["at_least", "at_most"]
    limit: float
    minimum: float | None = None
    preset: str | None = None


class EvidenceConfig(Config):
    """What a verdict's evidence must show to be sufficient.

    Attributes
    ----------
    min_trades
        Closed trades in the test window.
    max_p_value
        Against the candidate's own signals at other times.
    min_deflated_sharpe
        Deflated Sharpe ratio, a probability.
    max_funding_assumed_share
        Hours in a position whose funding had to be assumed.
    accepted_inactive_features
        Features whose absence the owner accepts by name; any other inactive one makes the evidence insufficient.
    """

    min_trades: int = Field(ge=1)
    max_p_value: float = Fraction
    min_deflated_sharpe: float = Fraction
    max_funding_assumed_share: float = Field(ge=0, lt=1)
    accepted_inactive_features: tuple[str, ...] = ()


class ChampionConfig(Config):
    """How long a promoted model may stand, in days of market time.

    Attributes
    ----------
    max_age_days
        From the end of the candles that it was tested on until it expires.
    warning_days
        The checks of the day warn this long before.
    """

    max_age_days: float = Positive
    warning_days: float = Positive

    @model_validator(mode="after")
    def _warns_before_it_expires(self) -> Self:
        if self.warning_days >= self.max_age_days:
            raise ValueError("`warning_days` must be below `max_age_days`")
        return self


class DecisionConfig(Config):
    """Gates that must pass for GO and for PARTIAL-GO."""

    go: int = Field(ge=1)
    partial_go: int = Field(ge=1)


class AlertConfig(Config):
    """Limits of the training alerts."""

    volatile_steps: int = Field(ge=0)
    reward_trend_warning: float
    reward_trend_critical: float
    reward_trend_window_steps: int = Field(ge=1)
    kl_warning: float
    kl_critical: float
    no_improvement: float
    no_improvement_steps: int
    checkpoint_age_warning_hours: float
    checkpoint_age_critical_hours: float
    policy_loss: float
    value_loss: float
    episode_reward: float
    win_rate: float
    max_drawdown: float
    entropy_share: float
    clip_fraction_low: float
    clip_fraction_high: float
    absurd_magnitude: float = Positive
    overfitting_gap: float = Positive
    overfitting_rounds: int = Field(ge=1)


class SystemConfig(Config):
    """Everything that defines one trading system.

    `lookback` is the number of candles in an observation, `history` what the system asks for where it is not the
    universe's, `sampling` the settings that `sampled` draws (dotted keys). Gates without owner limits are the
    house's own. `expected_metrics` is what the owner expects of a trained model, beside what the gates demand.
    """

    name: str
    description: str
    timeframe: str
    calendar: Calendar
    feature_set: str
    symbols: tuple[str, ...] | None = None
    account: AccountConfig
    reward: AnyReward
    episode_length: int = Field(ge=2)
    lookback: int = Field(default=1, ge=1)
    history: HistoryConfig | None = None
    sampling: dict[str, RangeConfig] = Field(default={})
    splits: SplitConfig
    training: TrainingConfig
    presets: dict[str, dict[str, Any]]
    gates: tuple[GateConfig, ...]
    has_owner_limits: bool = True
    decision: DecisionConfig
    evidence: EvidenceConfig
    champion: ChampionConfig
    recorded_baseline: dict[str, float]
    expected_metrics: dict[str, float] = Field(default={})
    alerts: AlertConfig

    @model_validator(mode="after")
    def _gates_name_presets(self) -> Self:
        for gate in self.gates:
            if gate.preset is not None and gate.preset not in self.presets:
                raise ValueError(f"`preset` of gate {gate.name} must be one of `presets`, was {gate.preset!r}")
        return self


def load_system(name: str, preset: str | None = None, overrides: dict[str, Any] | None = None) -> SystemConfig:
    """Return system `name` with its `preset` and then `overrides` applied.

    Parameters
    ----------
    name : str
        Stem of a file in `systems/`.
    preset : str or None
        Key under `presets` of the system or of `presets.yaml`; None applies none.
    overrides : dict or None
        Dotted keys and values, such as ``{"training.seed": 7}``.

    Raises
    ------
    ConfigurationError
        Unknown system, preset or key, or a value outside its bounds.
    """
    if name not in system_names():
        raise ConfigurationError(f"`system` must be one of {', '.join(system_names())}, was {name!r}.")
    document = system_document(name)
    presets = document["presets"]
    if preset is not None:
        if preset not in presets:
            raise ConfigurationError(f"`preset` must be one of {', '.join(presets)}, was {preset!r}.")
        document = _merged(document, presets[preset])
    for key, value in (overrides or {}).items():
        if key.split(".")[0] not in CHANGEABLE:
            raise ConfigurationError(
                f"`{key}` must begin with one of {', '.join(CHANGEABLE)}, was {value!r}: "
                "gates, limits and presets are changed in the system's YAML file alone."
            )
        document = _merged(document, _nested(key, value))
    return parse(SystemConfig, document, f"system {name}")


def stored_system(document: Mapping[str, Any]) -> SystemConfig:
    """Return a configuration that was stored as JSON; sections younger than it are today's, they shape no training."""
    today = system_document(document["name"])
    return SystemConfig.model_validate({section: today[section] for section in _YOUNGER} | dict(document))


def with_settings(system: SystemConfig, settings: Mapping[str, Any]) -> SystemConfig:
    """Return `system` with dotted keys replaced, such as ``{"account.fee_bps": 2.0}``; every bound is checked again."""
    document = system.model_dump()
    for key, value in settings.items():
        document = _merged(document, _nested(key, value))
    return parse(SystemConfig, document, f"system {system.name}")


def _merged(base: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in change.items():
        both_maps = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _merged(merged[key], value) if both_maps else value
    return merged


def _nested(dotted: str, value: Any) -> dict[str, Any]:
    head, _, rest = dotted.partition(".")
    return {head: _nested(rest, value) if rest else value}
