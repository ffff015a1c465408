"""The batch face of the one-minute agent."""

from include.environments.batch import Face
from include.environments.shadow import kernels
from include.environments.shadow.actions import N_ACTIONS, Action
from include.environments.shadow.observation import PORTFOLIO_FEATURES
from include.environments.shadow.rewards import ShadowComponents

SHADOW = Face(
    actions=N_ACTIONS,
    action_names=tuple(action.name for action in Action),
    components=ShadowComponents._fields,
    own_features=len(PORTFOLIO_FEATURES),
    seat=kernels.SEAT,
    rules=kernels.shadow_rules,
    begin=kernels.begin_all,
    step=kernels.step_all,
    observe=kernels.observe_all,
)
