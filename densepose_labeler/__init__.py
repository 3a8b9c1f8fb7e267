"""Stage 3: photographs to DensePose labels.

from densepose_labeler import checkpoints, zoo
from densepose_labeler.predictor import Predictor

spec = zoo.get("embedded")                       # or one of the 27 official models
predictor = Predictor(checkpoints.load(spec), spec)
people = predictor([picture])[0]                 # uint8 [H, W, 3] RGB -> tuple of manifests.instances.Instance
"""
