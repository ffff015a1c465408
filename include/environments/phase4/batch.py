"""The batch face of the crypto futures agent."""

from include.environments.batch import Face
from include.environments.phase4 import kernels
from include.environments.phase4.actions import N_ACTIONS, Action
from include.environments.phase4.observation import ACCOUNT_FEATURES
from include.environments.phase4.rewards import RewardComponents

PHASE4 = Face(
    actions=N_ACTIONS,
    action_names=tuple(action.name for action in Action),
    components=RewardComponents._fields,
    own_features=len(ACCOUNT_FEATURES),
    seat=kernels.SEAT,
    rules=kernels.phase4_rules,
    begin=kernels.begin_all,
    step=kernels.step_all,
    observe=kernels.observe_all,
)
