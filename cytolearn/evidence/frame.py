"""The table of trials as a pandas DataFrame that can pool and draw itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from cytolearn.evidence import pooling

if TYPE_CHECKING:
    from cytolearn.evidence.pooling import Pooled

_BY_DAY_28 = r"\b28-day|\bday 28\b|\b28 d\b"  # in the words of an outcome


class Trials(pd.DataFrame):
    """Published trials, one row a comparison: a DataFrame that can also pool and draw itself."""

    @property
    def _constructor(self) -> type[Trials]:
        return Trials

    def pool(self, measure: str = "published", model: str = "random", **options: Any) -> Pooled:
        """Pool the rows into one estimate; see `cytolearn.evidence.pooling.pool`."""
        return pooling.pool(self, measure, model, **options)

    def pool_by(self, column: str = "drug", **options: Any) -> dict[str, Pooled]:
        """Pool each group of rows on its own; see `cytolearn.evidence.pooling.pool_by`."""
        return pooling.pool_by(self, column, **options)

    def cumulative(self, by: str = "date", **options: Any) -> pd.DataFrame:
        """Add one row after the other; see `cytolearn.evidence.pooling.cumulative`."""
        return pooling.cumulative(self, by, **options)

    def independent(self) -> Trials:
        """Keep one row a group of patients, so that nobody counts twice.

        Of the rows of one study those on deaths go first, then the whole trial before its parts
        (all parts of one split, if there is no whole), then deaths by day 28, the day that most
        trials count at, before those by another day, then the order of the table. Published
        meta-analyses go: they hold the same trials again.
        """
        rows = self[self["level"] != "meta-analysis"]
        rows = rows.assign(
            _other=rows["outcome_group"] != "death",
            _part=rows["level"] != "trial",
            _another_day=~rows["outcome"].str.contains(_BY_DAY_28),
        )
        order = ["_other", "_part", "_another_day"]
        rows = rows.sort_values(order, kind="stable")
        first = rows.groupby("study")[[*order, "split"]].transform("first")
        kept = (rows[[*order, "split"]] == first).all(axis=1)
        kept &= (rows["split"] != "") | ~rows.duplicated("study")
        chosen = rows.index[kept]
        return self.loc[sorted(chosen)].reset_index(drop=True)

    def forest(self, *, interactive: bool = True, **options: Any) -> Any:
        """Draw the forest plot: an app to filter and pool, or one picture.

        Parameters
        ----------
        interactive : bool, default True
            An app with controls; False: the picture alone, a matplotlib figure with a text twin.
        **options
            For the app, see `cytolearn.apps.forest.ForestApp.set`; for the picture, see
            `cytolearn.figures.forest.forest_plot`.
        """
        if interactive:
            from cytolearn.apps.forest import ForestApp  # upwards, for the reader's sake

            return ForestApp(self).set(**options)
        from cytolearn.figures.forest import forest_plot

        return forest_plot(self, **options)
