"""The one `Definitions` object: what Dagster loads.

What belongs here: gathering the rooms' assets and checks, and building their resources. What does
not: assets, logic, settings.
"""

import dagster as dg

from gosales_assets import rooms
from gosales_assets.automation.alerts import hard_alerts_webhook
from gosales_assets.automation.answers import recorded_actions
from gosales_assets.automation.failures import failures
from gosales_assets.automation.jobs import JOBS
from gosales_assets.automation.landing import landing
from gosales_assets.automation.month_end import month_end
from gosales_assets.provenance import bases, basis, code_version
from gosales_assets.runs import assets as runs
from gosales_assets.settings import Environment, Settings, current_settings, environment
from gosales_assets.tracking import Tracking
from gosales_assets.warehouse import Warehouse

ROOMS = (*rooms.ROOMS, runs)


def build_resources(settings: Settings, env: Environment) -> dict[str, object]:
    """Build what assets ask for by name: the warehouse, the settings, MLflow."""
    home = env.home.resolve()
    return {
        "settings": settings,
        "warehouse": Warehouse(
            home=str(home),
            threads=env.threads or 0,
            memory_limit=env.memory_limit or "",
            code_version=code_version(),
            basis=basis(settings),
            bases=bases(settings),
        ),
        "tracking": Tracking(home=str(home), uri=env.mlflow_uri or ""),
    }


# One process runs all steps: they share two cores and heavy imports, and a run that covers many
# partitions is one step per asset. Training may fan out inside its step.
defs = dg.Definitions(
    assets=[asset for room in ROOMS for asset in room.ASSETS],
    asset_checks=[check for room in ROOMS for check in room.CHECKS],
    resources=build_resources(current_settings(), environment()),
    jobs=JOBS,
    sensors=[landing, recorded_actions, failures, hard_alerts_webhook],
    schedules=[month_end],
    executor=dg.in_process_executor,
)
