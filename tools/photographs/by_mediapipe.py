"""The half that runs in the environment that has mediapipe (which needs numpy below 2).

`python -m tools.photographs.by_mediapipe photos OUT.npz --opencv-doc FOLDER` gathers the photographs: uint8 [H, W, 3]
RGB by name. `... people CROPS.npz OUT.npz` looks for one person in each picture of CROPS and writes NAME.mask, float32
[H, W], how surely a pixel is the person's, and NAME.landmarks, float32 [33, 3]: x, y in pixels and visibility; pictures
in which it finds nobody have none.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

FRAMES = (0, 150, 300, 450, 600, 750)  # of vtest.avi


def photos(folder: Path) -> dict[str, Any]:
    """scikit-image's two photographs with a person, and those of OpenCV's examples where they are installed."""
    import cv2
    import skimage

    shipped = Path(skimage.__file__).parent / "data"
    files = [shipped / "astronaut.png", shipped / "camera.png", folder / "basketball1.png", folder / "basketball2.png"]
    out = {path.stem: cv2.imread(str(path))[..., ::-1] for path in files if path.exists()}
    video = cv2.VideoCapture(str(folder / "vtest.avi"))
    for number in FRAMES:
        video.set(cv2.CAP_PROP_POS_FRAMES, number)
        there, frame = video.read()
        if there:
            out[f"vtest-{number}"] = frame[..., ::-1]
    return out


def people(crops: dict[str, Any]) -> dict[str, Any]:
    """mediapipe's pose with its person mask, on each picture by itself."""
    from mediapipe.python.solutions.pose import Pose

    out: dict[str, Any] = {}
    with Pose(static_image_mode=True, model_complexity=1, enable_segmentation=True) as pose:
        for name, picture in crops.items():
            found = pose.process(np.ascontiguousarray(picture))
            if found.pose_landmarks is None or found.segmentation_mask is None:
                continue
            height, width = picture.shape[:2]
            marks = [(mark.x * width, mark.y * height, mark.visibility) for mark in found.pose_landmarks.landmark]
            out[f"{name}.mask"] = np.asarray(found.segmentation_mask, np.float32)
            out[f"{name}.landmarks"] = np.array(marks, np.float32)
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("task", choices=("photos", "people"))
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--opencv-doc", type=Path, default=Path("/usr/share/doc/opencv-doc/examples/data"))
    options = parser.parse_args()
    if options.task == "photos":
        np.savez(options.files[0], **photos(options.opencv_doc))
    else:
        with np.load(options.files[0]) as stored:
            crops = {name: stored[name] for name in stored.files}
        np.savez(options.files[1], **people(crops))


if __name__ == "__main__":
    main()
