"""What is changed on a page: the experiment, what was drawn and typed, and own tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import streamlit as st

from core.experiment import OWN_NAMES, DataConfig, Experiment
from core.maths.augmentation import IMAGE_FIELDS
from core.refusals import Refusal, Sentence
from playground import changes
from playground.changes import Change, Path
from playground.drawing import is_redrawn, n_points, n_samples, redrawn, share_taken
from playground.fields import describe, key_of
from playground.presets import speed_for
from playground.session.clicks import ClickedVisit
from playground.session.visit import Notice
from playground.session.widgets import EchoError

if TYPE_CHECKING:
    from core.experiment.points import Groups
    from core.network import Network
    from core.presets import Preset

PASTED = "pasted.csv"
"""What a pasted table is called."""

LONGEST_KEPT = 1000
"""Letters of a refused formula that are kept to be mended."""


class EditedVisit(ClickedVisit):
    """A visit whose experiment is changed."""

    # -- the experiment -----------------------------------------------------------------------

    def edit(self, path: Path) -> None:
        """Take over the value that a widget was given."""
        value = self.widgets.chosen(key_of(path))
        if path == ("data", "features"):
            value = changes.in_order(value)
        elif isinstance(value, float):
            value = float(f"{value:.10g}")  # 0.15 of a slider is not 0.15000000000000002
        self._take_over(path, value)

    def edit_choice(self, path: Path, options: Sequence[str]) -> None:
        """Take over what a menu was set to.

        Words that it had before the page gave it others come as they are: nobody chose them.
        """
        if st.session_state[key_of(path)] not in options:
            raise EchoError
        self.edit(path)

    def edit_optional(self, path: Path) -> None:
        """Take over a number that may be off, for which 0 stands."""
        value = self.widgets.chosen(key_of(path))
        if isinstance(value, float):
            value = float(f"{value:.10g}")
        self._take_over(path, value or None)

    def edit_rate(self, path: Path, ladder: Sequence[float]) -> None:
        """Take over a rate that was typed, or climb to the ladder's next rung."""
        value = self.widgets.chosen(key_of(path))
        if path == ("training", "learning_rate") and value == 0:  # as a typed word reads, too
            raise Refusal("A learning rate of 0 would learn nothing.")
        rate = changes.on_ladder(ladder, changes.read(self.experiment, path), value)
        self._take_over(path, float(f"{rate:.10g}"))

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

    def open_preset(self, preset: Preset) -> None:
        """Take over a preset, and a speed at which it can be followed and does not take long."""
        self.go(preset.experiment)
        steps = preset.epochs * self.player.read(lambda trainer: trainer.steps_an_epoch)
        speed = speed_for(steps)
        if speed != self.settings.speed:
            self.put("speed", speed)
        name = self.t(f"preset.{preset.name}")
        self.notice = Notice(self.t("page.notice.preset", name=name))

    # -- what is typed and drawn --------------------------------------------------------------

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
        weights = self._learn_on(new)
        words = {"n": f"{n_points(new.data):,}", "name": self.t(f"dataset.{old.data.name}")}
        words["how"] = f"{weights} {self.t('page.notice.undo')}"
        is_first = old.data.name != new.data.name
        key = "page.notice.drawn_from" if is_first else "page.notice.drawn"
        if is_first and taken and n_points(new.data) > taken[0] // 2:  # else it began empty
            key = "page.notice.drawn_from_some"
            words |= {"kept": f"{taken[0]:,}", "all": f"{taken[1]:,}"}
        self.notice = Notice(self.t(key, **words))

    def go_back(self, wanted: Experiment) -> None:
        """Follow an experiment of before, as `go`; undoing a stroke leaves the weights as they are,
        as the stroke did.
        """
        self._follow_run()
        if not is_redrawn(self.experiment, wanted):
            self.go(wanted)
            return
        how = self._learn_on(wanted)
        n = f"{n_samples(self.player.dataset):,}"
        self.notice = Notice(self.t("page.notice.undrawn", n=n, how=how))

    def _learn_on(self, new: Experiment) -> str:
        """Have the run learn on from other points; returns in words whether it kept its weights."""
        is_kept = self.player.learn_on(new)
        self._leave_data_for(new.data)
        self.experiment = self.player.experiment
        return self.t("page.notice.learns_on" if is_kept else "page.notice.begins_anew")

    def edit_points(self) -> None:
        """Open the table of points: each time a new one, in which nothing was changed yet."""
        self._tables += 1
        self.edits_points = self._tables

    def end_points(self) -> None:
        """Close it."""
        self.edits_points = 0

    def take_points(self, groups: Groups) -> None:
        """Learn on, from the points of the table. Raises ValueError if they cannot be used."""
        self.widgets.had_dialog = True
        self.notice, self.problems = None, ()
        self.redraw(lambda _: groups)
        self.end_points()

    # -- own tables ---------------------------------------------------------------------------

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

    def bring_upload(self, number: int, key: str) -> None:
        """Look at what was uploaded, unless it is too much to be copied.

        number: of the uploader. What a timer of the page brought along comes once more by itself,
        and must not be taken for another file.
        """
        if number != self.desk.uploads:
            return
        chosen = st.session_state.get(key) or []
        if self.desk.has_room(sum(file.size for file in chosen)):
            self.desk.bring(*((file.name, file.getvalue()) for file in chosen))

    def bring_text(self, number: int, key: str) -> None:
        """Look at the table that was pasted. number: of the field, as for `bring_upload`."""
        if number != self.desk.uploads:
            return
        text = str(st.session_state.get(key) or "")
        if text.strip():
            self.desk.bring((PASTED, text.encode("utf-8", "replace")))
        else:
            self.desk.problem = Sentence("Nothing was pasted: the field is empty.")

    def tell_draft(self, key: str, how: Callable[..., None], *values: Any) -> None:
        """Take over what a widget was told about the table that is looked at."""
        with suppress(EchoError):
            self.desk.change(how, *values, self.widgets.chosen(key))

    def take_table(self, progress: Callable[[float, float], None] | None = None) -> None:
        """Start a network on the table that is looked at. Raises ValueError if it cannot be.

        progress: told now and then while the data are made; what it raises ends that.
        """
        self._follow_run()
        self.widgets.had_dialog = True  # the browser is behind what is done here
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
