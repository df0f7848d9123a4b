"""The run behind a network in a file: what it began with, every edit, and how far it came.

Beside the weights, a file of format version 2 has

    experiment   what the run began with, or null; its "data" is null where it learnt from a
                 person's own arrays, of which the file knows the names of features and classes,
                 and names the table where it learnt from one
    run          null if not known, or an object:
        step_count        mini-batches done when the weights were taken
        edits             [[step, what, value], ...], in order; null if there were more than a
                          file holds, the experiment then has the settings as they stood
        initial_weights   "seed": those of the experiment's seed, or "own": others

Files of version 1 have the experiment with the settings as they stood, and no run.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from core.edits import Edit, by_hand, changed
from core.experiment import Experiment, read_experiment
from core.maths.limits import Limits
from core.maths.registry import shown
from core.refusals import Refusal
from core.run import Run, first_settings

if TYPE_CHECKING:
    from core.network import Network

MOST_EDITS = 10_000
MOST_EDIT_TEXT = 1 << 20  # characters of JSON: half of what a file's metadata may take

STEPS = Limits(0, 2**53 - 1, whole=True)


def write_run(network: Network) -> dict[str, Any]:
    """The metadata `experiment` and `run` of a network."""
    run, experiment = network.run, network.experiment
    if run is None:
        return {"experiment": None if experiment is None else experiment.to_mapping(), "run": None}
    edits = _edits_to_write(run)
    mapping = (run.experiment if edits is not None else run.experiment_now).to_mapping()
    return {
        "experiment": {**mapping, "data": None} if _says_nothing_of_data(run) else mapping,
        "run": {
            "step_count": run.step_count,
            "edits": edits,
            "initial_weights": "own" if run.own_weights else "seed",
        },
    }


def _says_nothing_of_data(run: Run) -> bool:
    """Whether it learnt from arrays that its experiment does not name."""
    return run.own_data and not run.experiment.data.is_own


def _edits_to_write(run: Run) -> list[list[Any]] | None:
    """The edits as JSON has them, None if they are not known or more than a file holds."""
    if run.edits is None or len(run.edits) > MOST_EDITS:
        return None
    edits = [[edit.step, edit.what, edit.value] for edit in run.edits]
    return edits if len(json.dumps(edits)) <= MOST_EDIT_TEXT else None


def read_run(
    metadata: dict[str, Any], sizes: Sequence[int]
) -> tuple[Experiment | None, Run | None]:
    """The experiment and the run in a file's metadata, None where there is none.

    sizes: units of every layer, inputs first. Raises ValueError that says what is wrong.
    """
    given, run, own_data = metadata.get("experiment"), metadata.get("run"), False
    if run is not None and isinstance(given, dict) and given.get("data", "") is None:
        given, own_data = {name: part for name, part in given.items() if name != "data"}, True
    experiment = _experiment(given)
    if run is None:
        return experiment, None
    own_data = own_data or (experiment is not None and experiment.data.is_own)
    if not isinstance(run, dict) or experiment is None:
        raise Refusal("The run in the file is not a JSON object beside its experiment.")
    try:
        steps = int(STEPS.check("step_count", run.get("step_count")))
        start = run.get("initial_weights")
        if start not in ("seed", "own"):
            raise Refusal(
                "initial_weights is {value}; it must be 'seed' or 'own'.", value=shown(start)
            )
        edits = _edits(run.get("edits"), experiment, steps, sizes)
    except ValueError as error:
        problem = error.sentence if isinstance(error, Refusal) else str(error)
        raise Refusal("The run in the file is not valid: {problem}", problem=problem) from None
    return experiment, Run(experiment, edits, steps, own_data, own_weights=start == "own")


def _experiment(record: object) -> Experiment | None:
    if record is None:
        return None
    if not isinstance(record, dict):
        raise Refusal("The experiment in the file is not a JSON object.")
    experiment, problems = read_experiment(record)
    if problems:
        raise Refusal("The experiment in the file is not valid: {problem}", problem=problems[0])
    return experiment


def _edits(
    given: object, experiment: Experiment, step_count: int, sizes: Sequence[int]
) -> tuple[Edit, ...] | None:
    """Edits, each as valid as if it were made now, in order and within the run."""
    if given is None:
        return None
    if not isinstance(given, list):
        raise Refusal("edits is {value}; it must be a list.", value=shown(given))
    if len(given) > MOST_EDITS:
        raise Refusal(
            "there are {count} edits, more than {most}.", count=len(given), most=MOST_EDITS
        )
    settings, edits, earliest = first_settings(experiment), [], 0
    for entry in given:
        if not isinstance(entry, list) or len(entry) != 3 or not isinstance(entry[1], str):
            raise Refusal("an edit is {value}; it must be [step, what, value].", value=shown(entry))
        step, what, value = entry
        earliest = int(Limits(earliest, step_count, whole=True).check("step of an edit", step))
        if what in ("weight", "bias"):
            value = _place(sizes, what, value)
        else:
            settings, value = changed(settings, what, value)
        edits.append(Edit(earliest, what, value))
    return tuple(edits)


def _place(sizes: Sequence[int], what: str, value: object) -> tuple[Any, ...]:
    """[layer, i, j, number] of a weight, [layer, j, number] of a bias."""
    match what, value:
        case "weight", [layer, i, j, number] if _are_whole(layer, i, j):
            return by_hand(sizes, number, layer, j, i)
        case "bias", [layer, j, number] if _are_whole(layer, j):
            return by_hand(sizes, number, layer, j)
    raise Refusal(
        "{what} is {value}; it must be a place and a number.", what=what, value=shown(value)
    )


def _are_whole(*values: object) -> bool:
    return all(type(value) is int for value in values)
