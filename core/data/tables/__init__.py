"""A person's own table, from a file to a data set.

table = read_table(Path("people.csv"))
choices = suggest_choices(table)                # target, features, task, split: all changeable
dataset = table_dataset(table, choices)         # for Trainer(experiment, dataset=dataset)
files = write_tables(dataset)                   # the exact training and test tables, as CSV
"""

from core.data.tables.building import TableSplit as TableSplit
from core.data.tables.building import table_dataset as table_dataset
from core.data.tables.choices import Feature as Feature
from core.data.tables.choices import PreparationChoices as PreparationChoices
from core.data.tables.choices import SplitChoices as SplitChoices
from core.data.tables.choices import TableChoices as TableChoices
from core.data.tables.columns import ColumnReport as ColumnReport
from core.data.tables.columns import describe as describe
from core.data.tables.columns import texts_of as texts_of
from core.data.tables.findings import Finding as Finding
from core.data.tables.naming import choices_of as choices_of
from core.data.tables.naming import digest_of as digest_of
from core.data.tables.naming import named as named
from core.data.tables.naming import options_of as options_of
from core.data.tables.options import ReadOptions as ReadOptions
from core.data.tables.preparation import TablePreparation as TablePreparation
from core.data.tables.reading import Cancelled as Cancelled
from core.data.tables.reading import preview_table as preview_table
from core.data.tables.reading import read_table as read_table
from core.data.tables.reading import recognize as recognize
from core.data.tables.reading import sheet_names as sheet_names
from core.data.tables.suggestion import suggest_choices as suggest_choices
from core.data.tables.suggestion import suggest_features as suggest_features
from core.data.tables.suggestion import suggest_target as suggest_target
from core.data.tables.suggestion import suggest_task as suggest_task
from core.data.tables.table import Table as Table
from core.data.tables.writing import read_tables as read_tables
from core.data.tables.writing import write_tables as write_tables
