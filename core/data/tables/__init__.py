"""A person's own table, from a file to a data set.

    options = recognize(data, "people.csv")         # ReadOptions: encoding, delimiter, header ...
    preview_table(data, "people.csv", options).rows(20)   # quick; then `replace` what is wrong
    table = read_table(data, "people.csv", options, progress=bar)   # of bytes or a Path
    for report in describe(table, ["class"]):       # kind, missing, range, examples of each column
        print(report.name, report.kind, *(finding.sentence for finding in report.findings))
    choices = suggest_choices(table)                # TableChoices: target, features, task, split
    dataset = table_dataset(table, choices)         # for Trainer(experiment, dataset=dataset)
    dataset.preprocessing.transform([{"age": 7, "city": "Rome"}])   # raw rows to inputs
    files = write_tables(dataset)                   # train.csv, test.csv and table.json, as bytes
    read_tables(files)                              # the same data set, bit by bit; or of a zip

Options and choices are frozen, go to JSON and back, and refuse what they cannot be. Whatever is
wrong with a file or a choice is a Refusal; findings and refusals can be said in other languages.
Rows are counted from 1 without the header, lines from 1 with it. Limits are in `limits`. A
regression's targets are standardized unless chosen otherwise: `dataset.preprocessing.values` brings
outputs back to the table's units, and losses are in standard deviations squared.
"""

from core.data.tables.building import TableSplit as TableSplit
from core.data.tables.building import table_dataset as table_dataset
from core.data.tables.cells import kind_named as kind_named
from core.data.tables.choices import Feature as Feature
from core.data.tables.choices import PreparationChoices as PreparationChoices
from core.data.tables.choices import SplitChoices as SplitChoices
from core.data.tables.choices import TableChoices as TableChoices
from core.data.tables.columns import ColumnReport as ColumnReport
from core.data.tables.columns import describe as describe
from core.data.tables.columns import has_values as has_values
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
from core.data.tables.suggestion import marks_of as marks_of
from core.data.tables.suggestion import suggest_choices as suggest_choices
from core.data.tables.suggestion import suggest_features as suggest_features
from core.data.tables.suggestion import suggest_target as suggest_target
from core.data.tables.suggestion import suggest_task as suggest_task
from core.data.tables.table import Table as Table
from core.data.tables.writing import read_tables as read_tables
from core.data.tables.writing import write_tables as write_tables
