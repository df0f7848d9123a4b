"""One visitor's page: the experiment as set, the player that runs it, and what was said about it.

The only owner of `st.session_state`. The experiment is the truth and every widget a view of one
of its fields: a widget's callback edits the experiment, and the next drawing seeds the widget.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from core.refusals import Sentence
from playground import changes, files, link
from playground.session.clicks import STOPS, is_history
from playground.session.editing import EditedVisit
from playground.session.visit import MOVES, Notice
from playground.session.widgets import EchoError

KEY = "playground"


class Session(EditedVisit):
    """What one page holds, and all that is done on it; the fields are told of in `Visit`."""

    # -- transport ----------------------------------------------------------------------------

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

    def ask_for_help(self) -> None:
        """Open the help with the next drawing."""
        self.wants_help = True

    def choose_backend(self) -> None:
        """Have the run go on on the CPU, or on the GPU."""
        wanted = self.widgets.chosen("backend")
        if wanted == self.player.backend:
            raise EchoError  # what the page just told it comes back
        self.player.use_backend(wanted)
        key = "page.notice.on_gpu" if self.player.backend == "cuda" else "page.notice.on_cpu"
        self.notice = Notice(self.t(key, step=f"{self.player.goal:,}"))

    # -- the page's own settings --------------------------------------------------------------

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

    def choose_language(self) -> None:
        """Take over the language; what could not be used is said again, in that language."""
        notice, problems = self.notice, self.problems
        self.act(self.set, "language")
        self.problems = problems
        if notice is not None and isinstance(notice.text, Sentence):
            self.notice = self.notice or notice

    def open_panel(self, names: Mapping[str, str]) -> None:
        """Remember the open panel by its name: the words on its tab change with the language.

        names: of the panels, by those words.
        """
        self.panel = names.get(st.session_state["panels"], "")

    def choose_fold_epochs(self, key: str) -> None:
        """Take over for how many epochs each of k folds trains."""
        self.folds.choose_epochs(int(self.widgets.chosen(key)))

    # -- the beginning and the end of a drawing -----------------------------------------------

    def begin(self) -> None:
        """At the start of a drawing: follow the address and the run; remember what is drawn."""
        if self._player is not None:
            self._player.revive()
        self.widgets.begin()
        self.follow_link()
        self._is_new_drawing = True
        if self._player is not None:
            self._follow_run()
            if self.status not in STOPS:
                self._closed_stop = None
            if why := self._player.why_left():
                self.notice = Notice(why, "warning")
            self._drawn = self._seen

    def finish(self) -> None:
        """At the end of a drawing: put every setting into the address."""
        self.wants_help = False
        self.widgets.finish()
        is_stand_in = self.desk.wanted is not None and self.experiment == self.desk.stand_in
        shown = self.desk.wanted if is_stand_in else self.experiment
        params = link.write(shown or self.experiment, self.settings)
        if params != dict(st.query_params):
            st.query_params.from_dict(params)
        self._published = params

    # -- links and files ----------------------------------------------------------------------

    def follow_link(self) -> None:
        """Take over the address's settings if one went back to it, or forward.

        Every change is a place to go back to. Only the browser's Back and Forward lead there: else
        an address that is not the page's is late, on a slow machine by seconds, and following it
        would stop the run.
        """
        params = dict(st.query_params)
        if params == self._published or not is_history():
            return
        self._published = params  # one may go forward again at once
        wanted, settings, problems = link.read(params)
        self.act(self.go_back, wanted)
        self.settings = settings
        self._show(self.player)
        self.player.speed = settings.speed
        self.problems, self.problems_title = tuple(problems), "page.link.problems"

    def open_upload(self) -> None:
        """Open the file that was chosen; the uploader is emptied for the next one."""
        chosen = st.session_state.get(f"upload_{self.uploads}")
        if chosen is not None:  # else it was opened, and came twice: see `bring_upload`
            self.uploads += 1
            self._open(files.opened(chosen.name, chosen.getvalue(), self.experiment), chosen.name)

    def open_text(self) -> None:
        """Open the experiment that was pasted."""
        text = str(st.session_state.get("pasted") or "")
        self._open(files.read_text(text), self.t("page.files.pasted"))
        st.session_state["pasted"] = ""

    def _open(self, opened: files.Opened, name: str) -> None:
        self.go(opened.experiment, network=opened.network, name=name)
        self.problems, self.problems_title = opened.problems, "page.file.problems"

    # -- what the live view asks for ----------------------------------------------------------

    def component_action(self, action: Mapping[str, Any]) -> None:
        """Do what was clicked on the diagram; {"do": "sync"} only asks for a new drawing.

        {"do": "reloaded"} tells that the browser loaded the page anew, and lost a run with it.
        """
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


def session() -> Session:
    """This visitor's session; made from the link when the page is opened."""
    if KEY not in st.session_state:
        st.session_state[KEY] = Session(dict(st.query_params), st.context.locale)
    found: Session = st.session_state[KEY]
    return found
