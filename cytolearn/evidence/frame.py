"""The table of trials as a pandas DataFrame that can pool and draw itself."""

from __future__ import annotations

import pandas as pd


class Trials(pd.DataFrame):
    """Published trials, one row a comparison: a DataFrame that can also pool and draw itself."""

    @property
    def _constructor(self) -> type[Trials]:
        return Trials
