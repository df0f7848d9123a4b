"""A person's own pictures, from files to a data set.

    source = PictureSource.of([("animals.zip", data)])   # folders named by class; or pictures
                                                          # and labels.csv with file, label
    choices = suggest_choices(source)                     # PictureChoices: side, colour, split
    pictures = read_pictures(source, choices, progress=bar)
    dataset = picture_dataset(pictures, choices)          # for Trainer(experiment, dataset=...)

Files are never written to a disk, and decoded one by one. The middle square of a picture is taken,
upright, on white paper where it is transparent, and each of its pixels is the mean of what it
covers. Whatever is wrong is a Refusal or a remark that names the file. Limits are in `limits`.
"""

from core.data.pictures.building import PictureSplit as PictureSplit
from core.data.pictures.building import choices_of as choices_of
from core.data.pictures.building import named as named
from core.data.pictures.building import picture_dataset as picture_dataset
from core.data.pictures.choices import PictureChoices as PictureChoices
from core.data.pictures.reading import Pictures as Pictures
from core.data.pictures.reading import read_picture as read_picture
from core.data.pictures.reading import read_pictures as read_pictures
from core.data.pictures.source import PictureSource as PictureSource
from core.data.pictures.source import splits_of as splits_of
from core.data.pictures.source import suggest_choices as suggest_choices
