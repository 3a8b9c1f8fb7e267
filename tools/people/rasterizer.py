"""A z-buffer rasteriser (numba): which triangle each pixel centre sees, and where on it."""

import numba as nb
import numpy as np
from numpy.typing import NDArray

from tools.people.scene import Camera

Floats = NDArray[np.float64]


def look_at(camera: Camera) -> tuple[Floats, Floats, float]:
    """World-to-camera rotation [3, 3] (rows: right, down, forward), the eye [3] and the focal length in pixels."""
    eye, target = np.asarray(camera.eye, float), np.asarray(camera.target, float)
    forward = target - eye
    forward /= np.linalg.norm(forward)
    right = np.cross(forward, (0.0, 0.0, 1.0))
    right /= np.linalg.norm(right)
    turn = np.stack([right, np.cross(forward, right), forward])
    return turn, eye, 0.5 * camera.height / float(np.tan(np.radians(camera.fov) / 2))


def project(points: NDArray[np.floating], camera: Camera) -> Floats:
    """World points [V, 3] to float64 [V, 3]: x and y in pixels (origin at the upper left corner) and 1/depth.

    Points behind the camera get a 1/depth of -1.
    """
    turn, eye, focal = look_at(camera)
    out = np.empty((len(points), 3))
    _project(np.ascontiguousarray(points, np.float64), turn, eye, focal, camera.width / 2, camera.height / 2, out)
    return out


@nb.njit(cache=True)
def _project(points, turn, eye, focal, cx, cy, out):  # type: ignore[no-untyped-def]
    for n in range(points.shape[0]):
        x, y, z = points[n, 0] - eye[0], points[n, 1] - eye[1], points[n, 2] - eye[2]
        depth = turn[2, 0] * x + turn[2, 1] * y + turn[2, 2] * z
        inverse = 1.0 / depth if depth > 1e-3 else -1.0
        out[n, 0] = focal * (turn[0, 0] * x + turn[0, 1] * y + turn[0, 2] * z) * inverse + cx
        out[n, 1] = focal * (turn[1, 0] * x + turn[1, 1] * y + turn[1, 2] * z) * inverse + cy
        out[n, 2] = inverse


@nb.njit(cache=True)
def _fill(points, faces, nearest, face_at, weight_at):  # type: ignore[no-untyped-def]
    height, width = nearest.shape
    for face in range(faces.shape[0]):
        a, b, c = faces[face, 0], faces[face, 1], faces[face, 2]
        az, bz, cz = points[a, 2], points[b, 2], points[c, 2]
        if az <= 0 or bz <= 0 or cz <= 0:
            continue
        ax, ay, bx, by, cx, cy = points[a, 0], points[a, 1], points[b, 0], points[b, 1], points[c, 0], points[c, 1]
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        if area == 0:
            continue
        x0 = max(0, int(np.ceil(min(ax, bx, cx) - 0.5)))
        x1 = min(width - 1, int(np.floor(max(ax, bx, cx) - 0.5)))
        y0 = max(0, int(np.ceil(min(ay, by, cy) - 0.5)))
        y1 = min(height - 1, int(np.floor(max(ay, by, cy) - 0.5)))
        for y in range(y0, y1 + 1):
            py = y + 0.5
            for x in range(x0, x1 + 1):
                px = x + 0.5
                wa = ((bx - px) * (cy - py) - (by - py) * (cx - px)) / area
                wb = ((cx - px) * (ay - py) - (cy - py) * (ax - px)) / area
                wc = 1.0 - wa - wb
                if wa < 0 or wb < 0 or wc < 0:
                    continue
                inverse = wa * az + wb * bz + wc * cz
                if inverse > nearest[y, x]:
                    nearest[y, x] = inverse
                    face_at[y, x] = face
                    weight_at[y, x, 0] = wa * az / inverse
                    weight_at[y, x, 1] = wb * bz / inverse
                    weight_at[y, x, 2] = wc * cz / inverse


def rasterise(
    points: Floats, faces: NDArray[np.int32], width: int, height: int
) -> tuple[NDArray[np.float32], NDArray[np.int32], NDArray[np.float32]]:
    """Draw triangles [F, 3] over projected points [V, 3] (see `project`), both sides, the nearest on top.

    Returns 1/depth float32 [H, W] (0 where nothing is), the face int32 [H, W] (-1 where nothing is) and the
    perspective-correct corner weights float32 [H, W, 3]. Same input, same bytes: on a tie the earlier face stays, or
    the last of those whose 1/depth became smaller when it was kept in float32.
    """
    nearest = np.zeros((height, width), np.float32)
    face_at = np.full((height, width), -1, np.int32)
    weight_at = np.zeros((height, width, 3), np.float32)
    _fill(np.ascontiguousarray(points, np.float64), np.ascontiguousarray(faces, np.int32), nearest, face_at, weight_at)
    return nearest, face_at, weight_at


@nb.njit(cache=True)
def _mix(values, faces, face_at, weight_at, out):  # type: ignore[no-untyped-def]
    height, width = face_at.shape
    for y in range(height):
        for x in range(width):
            face = face_at[y, x]
            if face >= 0:
                for k in range(values.shape[1]):
                    total = 0.0
                    for corner in range(3):
                        total += weight_at[y, x, corner] * values[faces[face, corner], k]
                    out[y, x, k] = total


def interpolate(
    values: NDArray[np.floating],
    faces: NDArray[np.int32],
    face_at: NDArray[np.int32],
    weight_at: NDArray[np.float32],
) -> NDArray[np.float32]:
    """Vertex values [V, K] at every pixel: float32 [H, W, K], 0 where nothing was drawn."""
    out = np.zeros((*face_at.shape, values.shape[1]), np.float32)
    _mix(np.ascontiguousarray(values, np.float32), np.ascontiguousarray(faces, np.int32), face_at, weight_at, out)
    return out


def interpolate_corners(
    values: NDArray[np.float32], face_at: NDArray[np.int32], weight_at: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Corner values [F, 3, K] at every pixel: float32 [H, W, K], 0 where nothing was drawn."""
    corners = np.arange(values.shape[0] * 3, dtype=np.int32).reshape(-1, 3)
    return interpolate(values.reshape(-1, values.shape[2]), corners, face_at, weight_at)
