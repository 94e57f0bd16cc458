"""The leakage probes about models on the lake: what they read, and at which cutoffs they look."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import ibis
import numpy as np
import polars as pl

from gosales_assets.features.contract import FEATURE_MATRIX
from gosales_assets.labels.contract import LABELS
from gosales_assets.labels.denylist import denied_skus
from gosales_assets.labels.outcomes import is_buyer, outcomes
from gosales_assets.labels.reading import windows_of
from gosales_assets.labels.window_assets import lines_in
from gosales_assets.labels.windows import window_table
from gosales_assets.models import artefact
from gosales_assets.models.cores import cores
from gosales_assets.models.pooled import NothingToLearn, fit_pooled
from gosales_assets.models.slices import divide_customers
from gosales_assets.partitions import day
from gosales_assets.scores.contract import ICP_SCORES
from gosales_assets.settings import Settings
from gosales_assets.sources.contract import LABEL_DENYLIST
from gosales_assets.star.contract import DIM_CUTOFF, FACT_TRANSACTIONS
from gosales_assets.validation import probes
from gosales_assets.validation.probes import Finding
from gosales_assets.validation.reading import known_outcomes, model_version_of
from gosales_assets.warehouse import Warehouse

# Customers that the trainer of shuffled labels sees: enough to tell, and soon done.
PROBED_CUSTOMERS = 2_000
KEYS_OF_ROWS = ["cutoff", "division", "customer_id"]


@dataclass
class Prober:
    """Runs probes 7 to 11 on a lake."""

    warehouse: Warehouse
    settings: Settings
    cutoffs: Sequence[str]
    divisions: Sequence[str]

    def findings(self) -> Iterator[Finding]:
        """What all five probes found."""
        yield from self.shuffled_labels()
        for division in self.divisions:
            yield from self.canaries(division)
            yield from self.shifts(division)
            yield self.gate_slices(division)
        for cutoff in sorted(self.cutoffs):
            yield from self.model_slices(cutoff)

    def shuffled_labels(self) -> Iterator[Finding]:
        """Probe 7, with the platform's own trainer, on the two newest closed cutoffs."""
        pairs = {d: self.closed[d][:2] for d in self.divisions if len(self.closed[d]) > 1}
        if not pairs:
            return
        training, judged = (
            pl.concat([self._labelled(pair[back], division) for division, pair in pairs.items()])
            for back in (1, 0)
        )
        people = training["customer_id"].unique().sort()
        rng = np.random.default_rng([self.settings.seed, probes.SHUFFLED])
        size = min(PROBED_CUSTOMERS, people.len())
        chosen = pl.Series(np.sort(rng.choice(people.to_numpy(), size, replace=False))).implode()
        some = pl.col("customer_id").is_in(chosen)
        yield probes.shuffled_labels(
            training.filter(some), judged.filter(some), self._trained, self.settings.seed
        )

    def canaries(self, division: str) -> Iterator[Finding]:
        """Probe 8, at the newest closed cutoff."""
        for cutoff in self.closed[division][:1]:
            rows = self._labelled(cutoff, division)
            found = probes.canary(
                rows.drop("customer_id"), day(cutoff), division, self.settings.seed
            )
            yield from [found] if found else []

    def shifts(self, division: str) -> Iterator[Finding]:
        """Probe 9, at the newest cutoff that is scored and whose moved window has closed."""
        windows = windows_of(self.warehouse, [division])
        last = self.warehouse.read(DIM_CUTOFF, columns=["data_end"])["data_end"][0]
        for cutoff in self.closed[division]:
            moved = probes.moved_windows(window_table([(day(cutoff), division, windows[division])]))
            known = known_outcomes(self.warehouse, cutoff, division)
            if moved["window_end"][0] > last or known.is_empty():
                continue
            buyers = self._buyers(moved)
            later = known.select("customer_id").with_columns(
                label=pl.col("customer_id").is_in(buyers.implode()).cast(pl.Int64)
            )
            found = probes.shifted(known, later, day(cutoff), division, self.settings.seed)
            yield from [found] if found else []
            return

    def gate_slices(self, division: str) -> Finding:
        """Probe 10 about the gate: at every closed cutoff that has scores."""
        scored_by = {}
        for cutoff in self.closed[division]:
            if self.warehouse.has(ICP_SCORES, cutoff=cutoff, division=division):
                version = model_version_of(self.warehouse, cutoff, division)
                if version is not None:
                    scored_by[day(cutoff)] = date.fromisoformat(version.partition("+")[0])
        return probes.gate_out_of_order(scored_by, scored_by, division)

    def model_slices(self, cutoff: str) -> Iterator[Finding]:
        """Probes 10 and 11 about one cutoff's model."""
        home = self.warehouse.home_path
        if not artefact.is_there(home, cutoff):
            return
        card = artefact.load_card(home, cutoff)
        slices = card.get("slices", {})
        yield from probes.slices_out_of_order(slices, card["windows"], day(cutoff))
        divided = [name for name in sorted(slices) if slices[name]["split"] == "customer"]
        trained = artefact.load(home, cutoff) if divided else None
        if trained is None:
            return
        for division in divided:
            selection = slices[division]["selection"]
            labels = self.warehouse.read(LABELS, cutoff=selection, division=division)
            learned, _ = divide_customers(labels, self.settings.seed)
            judged = trained.judgements.filter(pl.col("division") == division)["customer_id"]
            yield probes.on_both_sides(learned["customer_id"], judged, day(cutoff), division)

    @cached_property
    def closed(self) -> dict[str, list[str]]:
        """Division -> its closed cutoffs, newest first."""
        return {
            division: [
                cutoff
                for cutoff in sorted(self.cutoffs, reverse=True)
                if self.warehouse.has(LABELS, cutoff=cutoff, division=division)
                and int(
                    self.warehouse.footer(LABELS, cutoff=cutoff, division=division)["gosales.rows"]
                )
            ]
            for division in self.divisions
        }

    def _labelled(self, cutoff: str, division: str) -> pl.DataFrame:
        keys = {"cutoff": cutoff, "division": division}
        labels = self.warehouse.read(LABELS, columns=[*KEYS_OF_ROWS, "label"], **keys)
        matrix = self.warehouse.read(FEATURE_MATRIX, **keys)
        return matrix.join(labels, on=KEYS_OF_ROWS, how="inner", maintain_order="left")

    def _buyers(self, windows: pl.DataFrame) -> pl.Series:
        denied = denied_skus(self.settings, self.warehouse.read(LABEL_DENYLIST))
        with self.warehouse.engine() as engine:
            facts = self.warehouse.scan(engine, FACT_TRANSACTIONS)
            bought = outcomes(
                lines_in(facts, windows, self.settings), ibis.memtable(windows), denied
            )
            threshold = self.settings.labels.gp_min_threshold
            buyers = bought.filter(is_buyer(bought.net_gp_window, threshold))
            return buyers.select("customer_id").to_polars()["customer_id"]

    def _trained(self, training: pl.DataFrame, judged: pl.DataFrame) -> pl.DataFrame:
        """The platform's own trainer, with one booster; its judgements of the judged rows."""
        windows = windows_of(self.warehouse, self.divisions)
        try:
            _, judgements = fit_pooled(
                training,
                judged,
                cutoff=day(max(self.cutoffs)),
                windows=windows,
                seeds=1,
                seed=self.settings.seed,
                threads=cores(self.warehouse.threads),
            )
        except NothingToLearn:
            return judged.select("division", "label").with_columns(score=pl.lit(0.5))
        return judgements.select("division", "label", score="blend")
