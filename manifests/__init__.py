"""The contract between Vestiary's stages, and with training code.

import manifests
ds = manifests.open("data/demo")
ds.images, ds.index                            # pandas
ds.torch(split="train", model="embedded")      # torch Dataset
"""

from manifests.dataset import Dataset, DatasetError, open
from manifests.instances import Instance, flatten
from manifests.labels import LabelRow, LabelSet
from manifests.parts import FLIP, PART_NAMES
from manifests.schema import FORMAT_VERSION

__all__ = [
    "FLIP",
    "FORMAT_VERSION",
    "PART_NAMES",
    "Dataset",
    "DatasetError",
    "Instance",
    "LabelRow",
    "LabelSet",
    "flatten",
    "open",
]
