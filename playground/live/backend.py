"""Where a page's runs are computed, and why they are back on the CPU, if they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.engine.cuda.devices import check_available
from core.refusals import BackendRefusal, Refusal, Sentence
from core.trainer import Trainer
from playground.live import gpu

if TYPE_CHECKING:
    from core.data import Dataset
    from core.experiment import Experiment
    from core.network import Network


class Backend:
    """One page's choice, "cpu" or "cuda".

    What the GPU refuses, or fails at, goes on on the CPU, which is the page's choice from then on:
    `left` says why, until the page has taken it.
    """

    def __init__(self) -> None:
        self.name = "cpu"
        self.left: Sentence | None = None

    @property
    def is_ready(self) -> bool:
        """Whether a step can be taken at once; the CPU's kernels are not asked for here."""
        return self.name == "cpu" or gpu.is_ready()

    def check(self) -> None:
        """Raise a Refusal if it is the GPU, and that one failed for good, under whichever run."""
        if self.name == "cuda":
            check_available()

    def use(self, name: str, trainer: Trainer) -> None:
        """Have a run go on there. Raises ValueError if it cannot; then nothing has changed."""
        stood = trainer.step_count
        trainer.use_backend(name)
        self.name, self.left = trainer.backend, None
        if trainer.step_count < stood:
            template = "The GPU has failed, and what it learnt since step {step} is lost with it."
            self.left = Sentence(template, step=trainer.step_count)
        if self.name == "cuda":
            gpu.prepare()

    def trainer(
        self, experiment: Experiment, dataset: Dataset | None, network: Network | None
    ) -> Trainer:
        """A new run there. Raises ValueError, as Trainer does."""
        try:
            return Trainer(experiment, backend=self.name, dataset=dataset, network=network)
        except BackendRefusal as refusal:
            made = Trainer(experiment, dataset=dataset, network=network)
            self._leave(Sentence("This runs on the CPU now: {problem}", problem=refusal.sentence))
            return made

    def change(self, trainer: Trainer, fields: dict[str, Any]) -> bool:
        """Change settings of a run, as `Trainer.change`; what the GPU refuses, on the CPU.

        Returns whether the run came back to an earlier step, since the GPU failed. Then a change
        that is among its edits already is made when it comes there again.
        """
        stood, edits = trainer.step_count, trainer.edits.copy()
        try:
            trainer.change(**fields)
        except BackendRefusal as refusal:
            trainer.use_backend("cpu")
            if trainer.edits == edits and trainer.step_count < stood:
                trainer.change_at(stood, **fields)
            elif trainer.edits == edits:
                trainer.change(**fields)
            if trainer.step_count < stood:
                self._leave(_stopped(trainer, refusal))
                return True
            self._leave(Sentence("This runs on the CPU now: {problem}", problem=refusal.sentence))
        return False

    def give_up(self, trainer: Trainer, refusal: Refusal) -> bool:
        """Take a run that the GPU could not take on to the CPU; whether it was there."""
        if trainer.backend == "cpu":
            return False
        trainer.use_backend("cpu")
        self._leave(_stopped(trainer, refusal))
        return True

    def _leave(self, why: Sentence) -> None:
        self.name, self.left = "cpu", why


def _stopped(trainer: Trainer, refusal: Refusal) -> Sentence:
    """Why a run that is on the CPU now waits there."""
    template = "{problem} The run is on the CPU now, at step {step}: press Play to go on."
    return Sentence(template, problem=refusal.sentence, step=trainer.step_count)
