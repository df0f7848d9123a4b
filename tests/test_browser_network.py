"""A visitor builds: layers and units, in the sidebar and on the diagram; a weight by hand."""

from __future__ import annotations

import pytest

from tests.browser import Visitor


def layers(visitor: Visitor) -> list[int]:
    """Units of each hidden layer, as the diagram shows them."""
    columns = visitor.live.scene["columns"]
    return [column["total"] for column in columns if column["role"] == "hidden"]


def write_in_card(visitor: Visitor, value: float) -> None:
    """Write the number that the open card is about."""
    box = visitor.page.get_by_role("dialog").get_by_role("spinbutton").first
    box.fill(str(value))
    box.press("Enter")


def test_layers_are_built_in_the_sidebar(visitor: Visitor) -> None:
    assert layers(visitor) == [4, 2]
    visitor.press("Add layer")
    visitor.wait_until(lambda: len(layers(visitor)) == 3, "three hidden layers")
    visitor.type("Units", 7)
    visitor.wait_until(lambda: layers(visitor)[0] == 7, "seven units in the first layer")
    visitor.choose("Activation", "ReLU")
    visitor.wait_until(
        lambda: visitor.live.scene["columns"][1]["activation"] == "relu", "relu in the first layer"
    )
    visitor.press("Play")
    visitor.wait_until(lambda: visitor.number("Epoch") > 0, "the new network trains")


def test_a_layer_is_normalized_in_the_sidebar(visitor: Visitor) -> None:
    visitor.choose("Normalization", "Batch")
    visitor.wait_until(
        lambda: visitor.live.scene["columns"][1]["normalization"] == "batch", "a normalized layer"
    )
    visitor.wait_for_text("BN")
    visitor.press("Play")
    visitor.wait_until(lambda: visitor.number("Epoch") > 0, "the new network trains")


def test_layers_and_units_are_built_on_the_diagram(visitor: Visitor) -> None:
    visitor.button("Add a hidden layer").click()
    visitor.wait_until(lambda: layers(visitor) == [4, 2, 2], "a third layer")
    visitor.button("Add a neuron to layer 1").click()
    visitor.wait_until(lambda: layers(visitor) == [5, 2, 2], "a fifth neuron")
    visitor.button("Remove a neuron from layer 1").click()
    visitor.wait_until(lambda: layers(visitor) == [4, 2, 2], "four neurons again")
    visitor.button("Remove the last hidden layer").click()
    visitor.wait_until(lambda: layers(visitor) == [4, 2], "two layers again")


def test_a_feature_is_switched_on_at_the_diagram(visitor: Visitor) -> None:
    visitor.click_node(column=0, row=2)
    visitor.wait_until(
        lambda: visitor.live.scene["columns"][0]["features"][2]["on"], "x1 squared is an input"
    )
    visitor.press("Play")
    visitor.wait_until(lambda: visitor.number("Epoch") > 0, "the new network trains")


def test_a_weight_is_edited_on_the_diagram(visitor: Visitor) -> None:
    before = visitor.metric("Training loss")
    visitor.click_edge(0)
    write_in_card(visitor, 1.5)
    visitor.wait_until(
        lambda: visitor.live.frame()[1]["weights"][0] == pytest.approx(1.5), "the weight is 1.5"
    )
    visitor.wait_until(lambda: visitor.metric("Training loss") != before, "the loss follows")


def test_a_bias_is_edited_on_the_diagram(visitor: Visitor) -> None:
    visitor.click_bias(column=3, row=0)
    write_in_card(visitor, -0.75)
    visitor.wait_until(
        lambda: visitor.live.frame()[1]["biases"][-1] == pytest.approx(-0.75), "the output's bias"
    )
