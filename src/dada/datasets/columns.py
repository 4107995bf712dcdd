"""The words by which users call the columns of their tables."""

import re

LABELS = (
    *("label", "labels", "class", "classname", "classes", "classlabel", "labelname", "category"),
    *("categories", "categoryname", "target", "targets", "tag", "tags", "findinglabels"),
)
"""Columns of labels."""

PICTURES = (
    ("path", "paths", "filepath", "filepaths", "imagepath", "imagepaths", "imgpath", "picturepath"),
    ("file", "files", "filename", "filenames", "fname", "imagefile", "imagefilename", "imgfile"),
    ("image", "images", "imagename", "img", "imgname", "picture", "photo", "imageindex"),
    ("imageid", "imgid", "pictureid", "photoid", "id", "ids", "idcode", "uid", "uuid", "name"),
)
"""Columns of files, or of their names without ending; those of an earlier line are preferred."""

SPLITS = ("split", "splits", "part", "partition", "set", "subset", "phase", "usage", "fold")
"""Columns that say which part of the data a picture belongs to."""

FLAGS = {"isvalid": "valid", "isvalidation": "validation", "isval": "val", "istest": "test"}
"""Columns that say whether a picture belongs to such a part; all others are to train on."""


def plain(name: str) -> str:
    """The letters of a column's name, without the rest.

    Examples:
        >>> plain("Image_Path "), plain("file-name")
        ('imagepath', 'filename')
    """
    return re.sub("[^a-z]", "", name.lower())
