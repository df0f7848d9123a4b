"""What one visitor has: the experiment as set, the page's settings, and the run."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.experiment import DataConfig, Experiment
from core.refusals import Sentence, sentence_of
from playground import link
from playground.desk import Desk
from playground.drawing import Sketchbook
from playground.fields import column_labels
from playground.folds import FoldsDesk
from playground.live import gpu
from playground.locales import language_of, translate
from playground.sentences import said
from playground.session.widgets import Widgets
from playground.settings import changed
from playground.tables import is_missing

if TYPE_CHECKING:
    from core.data import Dataset
    from playground.live.player import Player
    from playground.live.presenter import Numbers

MOVES = ("playing", "compiling")
"""Statuses in which numbers change by themselves."""


@dataclass(frozen=True)
class Notice:
    """What the last action did; kind is "info", "warning" or "error".

    moment: where the run stood, for a sentence that holds only as long as it stands there.
    """

    text: str
    kind: str = "info"
    moment: tuple[int, int] | None = None


class Visit:
    """What one page holds.

    experiment: as the widgets show it, changes made while running included.
    settings: the page's own. notice: what the last action did, or why it did nothing.
    problems: Sentences about parts of a link or file that could not be used.
    widgets: what they show. desk: the tables that were brought. folds: the k-fold evaluation.
    sketchbook: what was drawn and typed.
    """

    def __init__(self, params: Mapping[str, str], locale: str | None) -> None:
        self.browser_language = language_of(locale)
        self.notice: Notice | None = None
        self.uploads = 0
        self.panel = ""
        self.wants_help = False
        self._drawn: tuple[Any, ...] = ()
        self._is_new_drawing = True
        self._player: Player | None = None
        self._made: dict[str, tuple[tuple[Any, ...], Any]] = {}
        self._published = dict(params)
        self.experiment, self.settings, problems = link.read(params)
        self.desk, self.folds = Desk(), FoldsDesk()
        self.sketchbook = Sketchbook()
        self.edits_points, self._tables = 0, 0
        self._refused: tuple[str, Sentence, DataConfig] | None = None
        if self.experiment.data.is_own:
            problems = [is_missing(self.experiment.data), *problems]
            self.experiment = self.desk.stand_in_for(self.experiment)
        self.problems: tuple[str, ...] = tuple(problems)
        self.problems_title = "page.link.problems"
        self.widgets = Widgets(lambda: self.language)
        self._fragment_ended = -math.inf
        self._closed_stop: tuple[int, int] | None = None
        """The moment of a stop whose message was closed."""

    # -- words --------------------------------------------------------------------------------

    @property
    def language(self) -> str:
        """Code of the language in use: the one chosen, else the browser's."""
        return self.settings.language or self.browser_language

    def t(self, key: str, **values: Any) -> str:
        """A text of the catalogue in the language in use."""
        return translate(self.language, key, **values)

    def said(self, text: str) -> str:
        """A text that may be a Sentence of the core, in the language in use."""
        return said(text, self.language)

    def once(self, name: str, key: tuple[Any, ...], make: Callable[[], Any]) -> Any:
        """What `make` gave when it was last asked for this key; only that is kept, by name.

        For what takes a while to make of a person's file, which panels draw again and again.
        """
        if name not in self._made or self._made[name][0] != key:
            self._made.pop(name, None)
            self._made[name] = key, make()
        return self._made[name][1]

    # -- the run ------------------------------------------------------------------------------

    @property
    def player(self) -> Player:
        """The run; made when first asked for, since its imports are heavy.

        The page is drawn meanwhile. Where the run is what was drawn for it, the drawing goes on.
        """
        if self._player is None:
            drawn = self.status, self.experiment
            self._player = self._make_player()
            if drawn == (self._player.status, self._player.experiment):
                self._drawn = self._seen
        return self._player

    def _make_player(self) -> Player:
        from playground.live.player import Player

        try:
            player = Player(self.experiment, speed=self.settings.speed)
        except ValueError as error:
            self.problems = (*self.problems, sentence_of(error))
            self.experiment = Experiment()
            player = Player(self.experiment, speed=self.settings.speed)
        self._show(player)
        return player

    def _show(self, player: Player) -> None:
        show, settings = player.show, self.settings
        show.test_data = settings.show_test_data
        show.discretize = settings.discretize_output
        show.edges = settings.edges
        show.projection = settings.projection

    @property
    def status(self) -> str:
        """The player's status; "paused" before there is one."""
        return "paused" if self._player is None else self._player.status

    @property
    def is_waiting(self) -> bool:
        """Whether kernels are still being compiled."""
        return self.player.waiting

    @property
    def _seen(self) -> tuple[Any, ...]:
        """What makes another page of it when it changes by itself."""
        player = self.player
        return (
            *(player.status, player.waiting, player.can_evaluate),
            *(player.backend, gpu.why_not()),
            player.experiment,
        )

    def numbers(self) -> Numbers:
        """The player's numbers; those of this very step when drawn anew while nothing moves."""
        is_new, self._is_new_drawing = self._is_new_drawing, False
        if is_new and self.status not in MOVES:
            return self.player.exact_numbers()
        return self.player.numbers()

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Names of the columns that the network is fed, as the diagram writes them."""
        return self.column_labels(self.player.dataset)

    def column_labels(self, dataset: Dataset) -> tuple[str, ...]:
        """Names of a data set's columns, as the diagram writes them."""
        return column_labels(dataset.feature_names, dataset.image_shape, self.t)

    @property
    def recovered_rate(self) -> float:
        """The learning rate that `recover` would go on with."""
        return self.player.recovered_rate()

    def put(self, name: str, value: Any) -> None:
        """Change a setting of the page; the run goes on."""
        self.settings = changed(self.settings, name, value)
        self._show(self.player)
        if name == "speed":
            self.player.speed = self.settings.speed
