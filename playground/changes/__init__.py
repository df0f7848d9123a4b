"""Which settings apply at once and which need a new network: decisions only, nothing drawn.

A setting is named by its path into the experiment: ("training", "learning_rate"),
("network", "layers", 0, "units"), ("training", "optimizer_options", "beta_1").
"""

from playground.changes.compared import Change as Change
from playground.changes.compared import Path as Path
from playground.changes.compared import applies_at_once as applies_at_once
from playground.changes.compared import compare as compare
from playground.changes.compared import read as read
from playground.changes.compared import write as write
from playground.changes.edits import MAX_LAYERS as MAX_LAYERS
from playground.changes.edits import MAX_UNITS as MAX_UNITS
from playground.changes.edits import edited as edited
from playground.changes.edits import in_order as in_order
from playground.changes.edits import with_data as with_data
from playground.changes.edits import with_feature_toggled as with_feature_toggled
from playground.changes.edits import with_layer_added as with_layer_added
from playground.changes.edits import with_layer_removed as with_layer_removed
from playground.changes.edits import with_layers as with_layers
from playground.changes.edits import with_other_samples as with_other_samples
from playground.changes.edits import with_other_weights as with_other_weights
from playground.changes.edits import with_table as with_table
from playground.changes.edits import with_units as with_units
from playground.changes.fitting import FITTING_LAYERS as FITTING_LAYERS
from playground.changes.fitting import LARGEST_BATCH as LARGEST_BATCH
from playground.changes.fitting import USUAL_LAYERS as USUAL_LAYERS
from playground.changes.fitting import advised_layers as advised_layers
from playground.changes.fitting import fitting_layers as fitting_layers
from playground.changes.fitting import fitting_losses as fitting_losses
from playground.changes.fitting import usual_loss as usual_loss
from playground.changes.fitting import usual_samples as usual_samples
from playground.changes.fitting import with_fitting_training as with_fitting_training
from playground.changes.ladder import on_ladder as on_ladder
from playground.changes.ladder import rate_step as rate_step
