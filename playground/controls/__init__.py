"""The sidebar: every widget is a view of one field of the experiment."""

from playground.controls.computing import computing_section as computing_section
from playground.controls.data import data_section as data_section
from playground.controls.drawn import points_dialog as points_dialog
from playground.controls.files import files_section as files_section
from playground.controls.network import network_section as network_section
from playground.controls.own_data import own_data_dialog as own_data_dialog
from playground.controls.training import training_section as training_section
from playground.controls.widgets import tell_ranges as tell_ranges
