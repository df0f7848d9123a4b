"""One visitor's page: the experiment as set, the player that runs it, and what was said about it.

The only owner of `st.session_state`. The experiment is the truth and every widget a view of one
of its fields: a widget's callback edits the experiment, and the next drawing seeds the widget.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from core.experiment import OWN_NAMES, DataConfig, Experiment
from core.maths.augmentation import IMAGE_FIELDS
from core.refusals import Refusal, Sentence, sentence_of
from playground import changes, files, link
from playground.changes import Change, Path
from playground.desk import Desk
from playground.drawing import Sketchbook, n_points, redrawn, share_taken
from playground.fields import column_labels, describe, key_of
from playground.folds import FoldsDesk
from playground.locales import language_of, translate
from playground.presets import speed_for
from playground.sentences import said
from playground.settings import changed
from playground.tables import is_missing

if TYPE_CHECKING:
    from core.data import Dataset
    from core.experiment.points import Groups
    from core.network import Network
    from core.presets import Preset
    from playground.live.player import Numbers, Player

LOGGER = logging.getLogger("playground")
KEY = "playground"
MOVES = ("playing", "compiling")
"""Statuses in which numbers change by themselves."""

PASTED = "pasted.csv"
"""What a pasted table is called."""

STOPS = ("diverged", "stopped", "failed")
"""Statuses of a run that stopped by itself."""

LATE_SECONDS = 1.0
"""How long a browser may come with the address of before a change; nobody goes back this fast."""

LONGEST_KEPT = 1000
"""Letters of a refused formula that are kept to be mended."""

ECHO_SECONDS = 1.5
"""How long a browser may still send back what a widget showed before it was told otherwise."""


ONE_FLUSH = 0.1
"""Within so many seconds Streamlit has sent what it holds."""

AFTER_A_DIALOG = 4.0
"""So many times as long after a dialog, which the browser takes away at the same time."""


class EchoError(Exception):
    """A widget sent what nobody chose: nothing has happened."""


@dataclass(frozen=True)
class Notice:
    """What the last action did; kind is "info", "warning" or "error".

    moment: where the run stood, for a sentence that holds only as long as it stands there.
    """

    text: str
    kind: str = "info"
    moment: tuple[int, int] | None = None


def session() -> Session:
    """This visitor's session; made from the link when the page is opened."""
    if KEY not in st.session_state:
        st.session_state[KEY] = Session(dict(st.query_params), st.context.locale)
    found: Session = st.session_state[KEY]
    return found


def is_fragment() -> bool:
    """Whether parts of the page are drawn now, and not all of it."""
    run = get_script_run_ctx()
    return run is not None and bool(run.fragment_ids_this_run)


class Session:
    """What one page holds.

    experiment: as the widgets show it, changes made while running included.
    settings: the page's own. notice: what the last action did, or why it did nothing.
    problems: Sentences about parts of a link or file that could not be used.
    desk: the tables that were brought. folds: the k-fold evaluation. sketchbook: what was drawn and
        typed.
    """

    def __init__(self, params: Mapping[str, str], locale: str | None) -> None:
        self.browser_language = language_of(locale)
        self.notice: Notice | None = None
        self.uploads = 0
        self.panel = ""
        self.wants_help = False
        self._drawn: tuple[str, bool, Experiment | None] = ("", False, None)
        self._is_new_drawing, self._has_drawn = True, False
        self._player: Player | None = None
        self._seeded_language = ""
        self._words: dict[str, str] = {}
        self._made: dict[str, tuple[tuple[Any, ...], Any]] = {}
        self._echoes: dict[str, tuple[list[Any], float]] = {}
        self._published = dict(params)
        self._superseded: list[tuple[dict[str, str], float]] = []
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
        self._is_clicked = self._had_dialog = False
        self._fragment_ended = -math.inf
        self.ranges: dict[str, tuple[float, float | None]] = {}
        """What may be typed into the number fields as drawn, by key: the least and the most."""
        self._closed_stop: tuple[int, int] | None = None
        """The moment of a stop whose message was closed."""

    # -- words -----------------------------------------------------------------------------

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

    def choose_language(self) -> None:
        """Take over the language; what could not be used is said again, in that language."""
        notice, problems = self.notice, self.problems
        self.act(self.set, "language")
        self.problems = problems
        if notice is not None and isinstance(notice.text, Sentence):
            self.notice = self.notice or notice

    # -- the run ---------------------------------------------------------------------------

    @property
    def player(self) -> Player:
        """The run; made when first asked for, since its imports are heavy."""
        if self._player is None:
            self._player = self._make_player()
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

    def look_again(self) -> None:
        """Draw the page anew if the run stopped, got ready or changed its settings by itself.

        A run that went back past an edit makes it again when it comes by.
        """
        if self.desk.is_bringing:
            return  # a run of the whole page would lose a file that is on its way
        if self._drawn != (self.status, self.is_waiting, self.player.experiment):
            self._is_clicked = True
            st.rerun()
        if is_fragment() and time.monotonic() - self._fragment_ended < ONE_FLUSH:
            self._fragment_ended = -math.inf
            st.rerun()

    def fragment_ends(self) -> None:
        """Remember when a part of the page that is drawn by itself was last drawn.

        A run of the page that begins before the message of the last one's end has left makes it
        "finished early" (Streamlit 1.67, forward_msg_queue.py), and what a fragment no longer
        draws would stay on the page. `look_again`, drawn by a timer, begins such runs; so it looks
        whether it did, and draws everything anew.
        """
        if is_fragment():
            self._fragment_ended = time.monotonic()

    # -- whatever is clicked goes through here -----------------------------------------------

    def act(self, action: Callable[..., None], *args: Any) -> None:
        """Do what a click asks for; whatever goes wrong becomes a sentence, nothing is lost."""
        before = self.notice, self.problems
        self.notice, self.problems, self._is_clicked = None, (), True
        try:
            action(*args)
        except EchoError:
            self.notice, self.problems = before
        except ValueError as error:
            kept = Sentence("Nothing was changed: {problem}", problem=sentence_of(error))
            self.notice = Notice(kept, "warning")
        except Exception:
            LOGGER.exception("An action of the page failed.")
            self.notice = Notice(self.t("page.error"), "error")

    def press(self, action: Callable[..., None], *args: Any) -> None:
        """Do what a button asks for, as `act`, once a click.

        A fragment's timer that fires just before Streamlit's browser side sends a click brings
        the click along, and then the click comes by itself as well; the page's buttons stand in
        no fragment, so that what a fragment's run brings is the copy.
        """
        if not is_fragment():
            self.act(action, *args)

    @contextmanager
    def guard(self) -> Iterator[None]:
        """Draw a section; what fails in it becomes a sentence, the rest of the page is drawn."""
        try:
            yield
        except Exception:
            LOGGER.exception("A section of the page could not be drawn.")
            st.error(self.t("page.error"))

    @property
    def remark(self) -> str:
        """The line beside the numbers: what the last action did, as long as it is still true."""
        found = self.notice
        if found is None or found.kind != "info":
            return ""
        return found.text if found.moment in (None, self.player.moment) else ""

    @property
    def can_dismiss(self) -> bool:
        """Whether there are messages that cover something."""
        has_notice = self.notice is not None and self.notice.kind != "info"
        return bool(self.problems) or has_notice or self.has_open_stop

    def dismiss(self) -> None:
        """Take them away; but for that of a stop they went when the action came, as always."""
        self._closed_stop = self.player.moment if self.status in STOPS else None

    @property
    def has_open_stop(self) -> bool:
        """Whether the run stopped by itself, and that is to be said."""
        return self.status in STOPS and self._closed_stop != self.player.moment

    @property
    def has_closed_stop(self) -> bool:
        """Whether the run stopped by itself, and what was said of it was closed."""
        return self.status in STOPS and not self.has_open_stop

    def show_stop(self) -> None:
        """Say again why the run stopped."""
        self._closed_stop = None

    # -- the experiment ----------------------------------------------------------------------

    def edit(self, path: Path) -> None:
        """Take over the value that a widget was given."""
        value = st.session_state[key_of(path)]
        self._ignore_echo(key_of(path), value)
        if path == ("data", "features"):
            value = changes.in_order(value)
        elif isinstance(value, float):
            value = float(f"{value:.10g}")  # 0.15 of a slider is not 0.15000000000000002
        self._take_over(path, value)

    def _take_over(self, path: Path, value: Any) -> None:
        """Make a change, unless it is none: what the page just told a widget may come back late."""
        self._follow_run()
        depth = len(self.experiment.network.layers)
        if path == ("data", "formula"):
            self._refused = None  # retyping the line in use takes the refused one away
        if path[:2] == ("network", "layers") and int(path[2]) >= depth:
            raise EchoError  # of a layer's field that the browser had not taken away yet
        if path[-1] in IMAGE_FIELDS and self.player.dataset.kind != "image":
            raise EchoError  # likewise, of other data
        with suppress(LookupError, AttributeError):
            if changes.read(self.experiment, path) == value:
                raise EchoError
        if path == ("data", "name"):
            self.choose_data(value)
        elif path == ("data", "formula"):
            self._choose_formula(value)
        else:
            self.change(changes.edited, path, value)

    def edit_optional(self, path: Path) -> None:
        """Take over a number that may be off, for which 0 stands."""
        value = st.session_state[key_of(path)]
        self._ignore_echo(key_of(path), value)
        if isinstance(value, float):
            value = float(f"{value:.10g}")
        self._take_over(path, value or None)

    def edit_rate(self, path: Path, ladder: Sequence[float]) -> None:
        """Take over a rate that was typed, or climb to the ladder's next rung."""
        value = st.session_state[key_of(path)]
        self._ignore_echo(key_of(path), value)
        if path == ("training", "learning_rate") and value == 0:  # as a typed word reads, too
            raise Refusal("A learning rate of 0 would learn nothing.")
        rate = changes.on_ladder(ladder, changes.read(self.experiment, path), value)
        self._take_over(path, float(f"{rate:.10g}"))

    def _ignore_echo(self, key: str, value: Any) -> None:
        """Raise EchoError if a widget's value is what it showed before the page changed it.

        A click that comes before the browser has drawn a change brings the old values of all
        widgets along; nobody has chosen them.
        """
        old, until = self._echoes.get(key, ([], 0.0))
        if time.monotonic() < until and value in old:
            raise EchoError

    def may_echo(self, key: str, value: Any) -> None:
        """Also expect this of a widget that was just told otherwise, or has just come.

        A field whose value the browser has not taken in yet, or cannot, stands at its least or
        first one, and a fast click brings that along.
        """
        if key in self._echoes:
            self._echoes[key][0].append(value)

    def change(self, function: Callable[..., Experiment], *args: Any) -> None:
        """Make the run follow what a function of `changes` makes of the experiment."""
        self._follow_run()
        self.go(function(self.experiment, *args))

    def _follow_run(self) -> None:
        """Take over what the run really has: a journey may have led to before a change.

        Nothing is asked of the run here: what is merely shown is no new change of it.
        """
        if self._player is not None:
            self.experiment = self._player.experiment

    def go(self, new: Experiment, network: Network | None = None, name: str = "") -> None:
        """Make the run follow an experiment: at once where it can, else with a new network.

        network: own initial weights; their layers take the place of the experiment's.
        name: of the file that it came from, if any. Raises ValueError if the run refuses it;
        then the experiment in use stays.
        """
        self._follow_run()
        new, dataset = self.desk.dataset_for(new)
        change = changes.compare(self.experiment, new)
        if name or change.rebuild:
            self.player.replace(new, dataset=dataset, network=network)
            new = self.player.experiment
        elif change.live:
            self.player.change(**change.live)
        self.notice = self._what_was_done(new, change, name)
        self._leave_data_for(new.data)
        self.experiment = new
        if dataset is not None:
            self.desk.wanted = None

    def _leave_data_for(self, data: DataConfig) -> None:
        """Keep what was typed or drawn, as data of another name take its place."""
        if data.name != self.experiment.data.name:
            self.sketchbook.keep(self.experiment.data)
            self._refused = None

    def open_preset(self, preset: Preset) -> None:
        """Take over a preset, and a speed at which it can be followed and does not take long."""
        self.go(preset.experiment)
        with self.player.trainer() as trainer:
            steps = preset.epochs * trainer.steps_an_epoch
        speed = speed_for(steps)
        if speed != self.settings.speed:
            self.put("speed", speed)
        name = self.t(f"preset.{preset.name}")
        self.notice = Notice(self.t("page.notice.preset", name=name))

    def _what_was_done(self, new: Experiment, change: Change, name: str) -> Notice | None:
        if name:
            return Notice(self.t("page.notice.opened", name=name))
        if not change.paths and not change.rebuild:
            return None
        what = describe(self.experiment, new, change, self.t)
        if change.rebuild:
            return Notice(self.t("page.notice.new_network", changes=what))
        what = what[:1].upper() + what[1:]
        step = f"{self.player.goal:,}"
        return Notice(self.t("page.notice.live", changes=what, step=step))

    # -- own tables ------------------------------------------------------------------------------

    def choose_data(self, name: str) -> None:
        """Learn from a data set of that name, or from what was brought, or bring it."""
        used = self.desk.used
        if name in OWN_NAMES and (used is None or used.data.name != name):
            self.desk.open(name)
            return
        self.desk.wanted = None
        if name in OWN_NAMES and used is not None:
            self.change(changes.with_table, used.data)
        else:
            self.change(self.sketchbook.open, name)

    # -- what is typed and drawn -----------------------------------------------------------------

    def _choose_formula(self, text: str) -> None:
        """Learn from the sides of another line; one that is refused stays to be mended."""
        try:
            self.change(changes.edited, ("data", "formula"), text)
        except Refusal as refusal:
            self._refused = text[:LONGEST_KEPT], refusal.sentence, self.experiment.data

    @property
    def refused_formula(self) -> tuple[str, Sentence] | None:
        """A line as it was typed, and why it is not in use, as long as nothing took its place."""
        if self._refused is None or self._refused[2] != self.experiment.data:
            return None
        return self._refused[:2]

    def redraw(self, how: Callable[[Groups], Groups]) -> None:
        """Learn on, from points that a function makes of those that there are."""
        self._follow_run()
        old = self.experiment
        taken = share_taken(self.player.dataset)
        new = redrawn(old, self.player.dataset, how)
        if new == old:
            return
        self.player.learn_on(new)
        self._leave_data_for(new.data)
        self.experiment = self.player.experiment
        words = {"n": f"{n_points(new.data):,}", "name": self.t(f"dataset.{old.data.name}")}
        is_first = old.data.name != new.data.name
        key = "page.notice.drawn_from" if is_first else "page.notice.drawn"
        if is_first and taken and n_points(new.data) > taken[0] // 2:  # else it began empty
            key = "page.notice.drawn_from_some"
            words |= {"kept": f"{taken[0]:,}", "all": f"{taken[1]:,}"}
        self.notice = Notice(self.t(key, **words))

    def edit_points(self) -> None:
        """Open the table of points: each time a new one, in which nothing was changed yet."""
        self._tables += 1
        self.edits_points = self._tables

    def end_points(self) -> None:
        """Close it."""
        self.edits_points = 0

    def take_points(self, groups: Groups) -> None:
        """Learn on, from the points of the table. Raises ValueError if they cannot be used."""
        self._is_clicked = self._had_dialog = True
        self.notice, self.problems = None, ()
        self.redraw(lambda _: groups)
        self.end_points()

    def bring_upload(self, key: str) -> None:
        """Look at what was uploaded, unless it is too much to be copied."""
        chosen = st.session_state.get(key) or []
        if self.desk.has_room(sum(file.size for file in chosen)):
            self.desk.bring(*((file.name, file.getvalue()) for file in chosen))

    def bring_text(self, key: str) -> None:
        """Look at the table that was pasted."""
        text = str(st.session_state.get(key) or "")
        if text.strip():
            self.desk.bring((PASTED, text.encode("utf-8", "replace")))

    def tell_draft(self, key: str, how: Callable[..., None], *values: Any) -> None:
        """Take over what a widget was told about the table that is looked at."""
        with suppress(EchoError):
            self._ignore_echo(key, st.session_state[key])
            self.desk.change(how, *values, st.session_state[key])

    def take_table(self, progress: Callable[[float, float], None] | None = None) -> None:
        """Start a network on the table that is looked at. Raises ValueError if it cannot be.

        progress: told now and then while the data are made; what it raises ends that.
        """
        self._follow_run()
        self._is_clicked = self._had_dialog = True  # the browser is behind what is done here
        desk, before = self.desk, self.desk.used
        if desk.draft is None:
            return
        desk.used = desk.made(progress)
        try:
            self.go(desk.experiment_on(desk.used, self.experiment), name=desk.draft.name)
        except ValueError:
            desk.used = before
            raise
        desk.wanted = None
        desk.close()
        self.problems = ()
        self.notice = Notice(self.t("page.notice.table", name=desk.used.name))

    def choose_fold_epochs(self, key: str) -> None:
        """Take over for how many epochs each of k folds trains."""
        value = st.session_state[key]
        self._ignore_echo(key, value)
        self.folds.choose_epochs(int(value))

    # -- transport -----------------------------------------------------------------------------

    def play_or_pause(self) -> None:
        """Press Play, or Pause."""
        if self.status in MOVES:
            self.player.pause()
        else:
            self.player.play()

    def step(self) -> None:
        """One epoch or mini-batch forward, as chosen."""
        self.player.step(self.settings.step_unit)

    def step_back(self) -> None:
        """One epoch or mini-batch back, as chosen."""
        self.player.step_back(self.settings.step_unit)

    def reset(self) -> None:
        """Back to step 0, with the same initial weights and the settings as shown."""
        self.player.reset()
        self.notice = Notice(self.t("page.notice.reset"), moment=self.player.moment)

    def recover(self) -> None:
        """Go on from the last finite step with a tenth of the learning rate."""
        self.player.recover()

    def train_on(self) -> None:
        """Go on after an early stop, without early stopping."""
        self.player.train_on()
        self.notice = Notice(self.t("page.notice.trains_on"))

    @property
    def recovered_rate(self) -> float:
        """The learning rate that `recover` would go on with."""
        return self.player.recovered_rate()

    def ask_for_help(self) -> None:
        """Open the help with the next drawing."""
        self.wants_help = True

    # -- the page's own settings ---------------------------------------------------------------

    def set(self, name: str) -> None:
        """Take over a setting of the page from its widget; the usual language is the browser's."""
        value = st.session_state[name]
        is_usual = name == "language" and value == self.browser_language
        self.put(name, "" if is_usual else value)

    def set_speed(self) -> None:
        """Take over the speed; the empty choice is flat out."""
        text = st.session_state["speed"]
        self.put("speed", float(text) if text else None)

    def set_projection(self) -> None:
        """Take over how inputs of many columns are shown: the first two, at first, of a pair."""
        if st.session_state["projection"] == "pca":
            self.put("projection", "pca")
        else:
            x, y = (st.session_state.get(f"projection_{axis}") for axis in "xy")
            self.put("projection", (0 if x is None else x, 1 if y is None else y))

    def put(self, name: str, value: Any) -> None:
        """Change a setting of the page; the run goes on."""
        self.settings = changed(self.settings, name, value)
        self._show(self.player)
        if name == "speed":
            self.player.speed = self.settings.speed

    def open_panel(self, names: Mapping[str, str]) -> None:
        """Remember the open panel by its name: the words on its tab change with the language.

        names: of the panels, by those words.
        """
        self.panel = names.get(st.session_state["panels"], "")

    def seed(self, key: str, value: Any) -> None:
        """Make a widget show a value, without disturbing one that does so already.

        When the language changed, all are told again: a choice is known by its shown words.
        """
        state = st.session_state
        is_late = key not in state and self._has_drawn
        if is_late or (key in state and state[key] != value):
            shown = [] if is_late else [state[key]]
            patience = ECHO_SECONDS * (AFTER_A_DIALOG if self._had_dialog else 1.0)
            self._echoes[key] = (shown, time.monotonic() + patience)
        if self._seeded_language != self.language or key not in state or state[key] != value:
            state[key] = value

    def seed_words(self, key: str, value: Any, words: str) -> None:
        """Tell a menu again what it shows if the words for its value have changed."""
        if self._words.get(key) != words:
            self._words[key] = words
            st.session_state[key] = value

    def begin(self) -> None:
        """At the start of a drawing: follow the address and the run; remember what is drawn."""
        if self._player is not None:
            self._player.revive()
        self.ranges = {}
        self.follow_link()
        self._is_new_drawing = True
        if self._player is not None:
            self._follow_run()
            if self.status not in STOPS:
                self._closed_stop = None
            self._drawn = (self.status, self.is_waiting, self.experiment)

    # -- links and files -------------------------------------------------------------------------

    def follow_link(self) -> None:
        """Take over the address's settings if it was not this page that wrote them.

        That is so after the browser's Back: every change is a place to go back to. A click comes
        with the address as the browser had it, which may be behind what was done just before.
        """
        params = dict(st.query_params)
        if params == self._published or self._is_clicked or self._is_late(params):
            return
        self._published = params  # one may go forward again at once
        wanted, settings, problems = link.read(params)
        self.act(self.go, wanted)
        self.settings = settings
        self._show(self.player)
        self.player.speed = settings.speed
        self.problems, self.problems_title = tuple(problems), "page.link.problems"

    def _is_late(self, params: dict[str, str]) -> bool:
        """Whether this is an address of just before a change of the page's own.

        A click that a fragment's timer brought along comes again by itself (see `press`): when all
        is done by then, nothing tells of a click, only the address is that of before.
        """
        since = time.monotonic() - LATE_SECONDS
        self._superseded = [each for each in self._superseded if each[1] > since]
        return any(params == before for before, _ in self._superseded)

    def finish(self) -> None:
        """At the end of a drawing: put every setting into the address."""
        self.wants_help, self._has_drawn = False, True
        self._seeded_language = self.language
        is_stand_in = self.desk.wanted is not None and self.experiment == self.desk.stand_in
        shown = self.desk.wanted if is_stand_in else self.experiment
        params = link.write(shown or self.experiment, self.settings)
        if params != dict(st.query_params):
            st.query_params.from_dict(params)
        if params != self._published:
            self._superseded.append((self._published, time.monotonic()))
        self._published = params
        self._is_clicked = self._had_dialog = False

    def open_upload(self) -> None:
        """Open the file that was chosen; the uploader is emptied for the next one."""
        chosen = st.session_state[f"upload_{self.uploads}"]
        self.uploads += 1
        if chosen is not None:
            self._open(files.opened(chosen.name, chosen.getvalue(), self.experiment), chosen.name)

    def open_text(self) -> None:
        """Open the experiment that was pasted."""
        text = str(st.session_state.get("pasted") or "")
        self._open(files.read_text(text), self.t("page.files.pasted"))
        st.session_state["pasted"] = ""

    def _open(self, opened: files.Opened, name: str) -> None:
        self.go(opened.experiment, network=opened.network, name=name)
        self.problems, self.problems_title = opened.problems, "page.file.problems"

    # -- what the live view asks for ---------------------------------------------------------

    def component_action(self, action: Mapping[str, Any]) -> None:
        """Do what was clicked on the diagram; {"do": "sync"} only asks for a new drawing.

        {"do": "reloaded"} tells that the browser loaded the page anew, and lost a run with it.
        """
        self._is_clicked = True
        match action:
            case {"do": "add_layer"}:
                self.act(self.change, changes.with_layer_added)
            case {"do": "remove_layer"}:
                self.act(self.change, changes.with_layer_removed, -1)
            case {"do": "units", "layer": int(layer), "delta": 1 | -1 as delta}:
                self.act(self.change, changes.with_units, layer, delta)
            case {"do": "stroke", "stroke": stroke}:
                self.act(self.redraw, stroke)
            case {"do": "edit_points"}:
                self.act(self.edit_points)
            case {"do": "reloaded"}:
                self.notice = self.notice or Notice(self.t("page.notice.reloaded"))
            case {"do": "feature", "id": str(name)}:
                self.act(self.change, changes.with_feature_toggled, name)
