"""The rooms in the order in which data flow, less the last one, which records what they did."""

from gosales_assets.drift import assets as drift
from gosales_assets.features import assets as features
from gosales_assets.labels import assets as labels
from gosales_assets.models import assets as models
from gosales_assets.scores import assets as scores
from gosales_assets.sources import assets as sources
from gosales_assets.star import assets as star
from gosales_assets.validation import assets as validation
from gosales_assets.validation import gate_assets as gates
from gosales_assets.validation import probe_assets as probes
from gosales_assets.whitespace import assets as whitespace

ROOMS = (
    sources,
    star,
    labels,
    features,
    models,
    scores,
    whitespace,
    validation,
    gates,
    probes,
    drift,
)
