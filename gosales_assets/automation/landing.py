"""The landing sensor: files of the sales log and side tables that came, changed or went."""

import hashlib
import json
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import dagster as dg

from gosales_assets.automation.jobs import everything
from gosales_assets.automation.switches import SECONDS_BETWEEN, switched, waiting_run
from gosales_assets.provenance import input_files
from gosales_assets.settings import Settings, current_settings, environment

_SHOWN = 3
Stamps = dict[str, str]


@dataclass(frozen=True)
class Landing:
    """What the sensor remembers: the cursor.

    Parameters
    ----------
    taken
        File -> stamp (time of its last change, and size), as the last refresh was asked for.
    seen
        The same, at the last look.
    requests
        How many refreshes were asked for, so that each has a key of its own.
    """

    taken: Stamps = field(default_factory=dict)
    seen: Stamps = field(default_factory=dict)
    requests: int = 0


def landed_files(settings: Settings) -> list[Path]:
    """Files that somebody lands: all inputs but the extracts, which a run itself makes."""
    extracts = (environment().home / "extracts").resolve()
    files = input_files(settings)
    return [path for path in files if not path.resolve().is_relative_to(extracts)]


def stamps_of(files: Iterable[Path]) -> Stamps:
    """Stamp of each file that is still there."""
    found = {}
    for path in files:
        try:
            there = path.stat()
        except FileNotFoundError:  # it went between the two looks
            continue
        found[str(path)] = f"{there.st_mtime_ns}:{there.st_size}"
    return found


def changes(before: Stamps, now: Stamps) -> dict[str, str]:
    """File -> "new", "changed" or "removed", sorted."""
    told = {name: "removed" for name in before if name not in now}
    for name, stamp in now.items():
        if before.get(name) != stamp:
            told[name] = "changed" if name in before else "new"
    return dict(sorted(told.items()))


def unsettled(now: Stamps, seen: Stamps, clock: float, seconds: int) -> list[str]:
    """Files that may be half written: they changed since the last look, or just now."""
    newest = (clock - seconds) * 1e9
    return [
        name
        for name, stamp in sorted(now.items())
        if seen.get(name) != stamp or int(stamp.split(":")[0]) > newest
    ]


@dg.sensor(
    name="landing",
    job=everything,
    minimum_interval_seconds=SECONDS_BETWEEN,
    default_status=switched(current_settings().automation.landing_sensor),
    description=(
        "Brings everything up to date when files of the sales log or of side tables are new, "
        "changed or gone. It waits until they lie unchanged for automation.settled_seconds."
    ),
)
def landing(
    context: dg.SensorEvaluationContext, settings: dg.ResourceParam[Settings]
) -> dg.SensorResult:
    """Ask for a refresh once what changed has settled; several changes make one."""
    before = Landing(**json.loads(context.cursor or "{}"))
    now = stamps_of(landed_files(settings))
    told = changes(before.taken, now)
    growing = unsettled(
        {name: now[name] for name in told if name in now},
        before.seen,
        time.time(),
        settings.automation.settled_seconds,
    )
    # A file that went may be about to come again under its name: it has to be gone twice.
    growing += [name for name in told if name not in now and name in before.seen]
    if not told or growing:
        reason = f"not settled yet: {_listed(growing)}" if growing else "no file has changed"
        return _skip(reason, Landing(before.taken, now, before.requests))
    about = "; ".join(f"{what}: {Path(name).name}" for name, what in list(told.items())[:_SHOWN])
    after = Landing(now, now, before.requests + 1)
    waiting = waiting_run(context.instance, everything.name)
    if waiting:
        return _skip(f"run {waiting} is about to begin and will take {about}", after)
    request = dg.RunRequest(
        run_key=f"landing-{after.requests}-{hash_of(now)}", tags={"gosales/because": about}
    )
    return dg.SensorResult(run_requests=[request], cursor=json.dumps(asdict(after)))


def hash_of(stamps: Stamps) -> str:
    """Short hash of files and their stamps."""
    return hashlib.sha256(json.dumps(stamps, sort_keys=True).encode()).hexdigest()[:12]


def _skip(reason: str, cursor: Landing) -> dg.SensorResult:
    return dg.SensorResult(skip_reason=reason, cursor=json.dumps(asdict(cursor)))


def _listed(names: list[str]) -> str:
    shown = ", ".join(Path(name).name for name in names[:_SHOWN])
    return f"{shown} and {len(names) - _SHOWN} more" if len(names) > _SHOWN else shown
