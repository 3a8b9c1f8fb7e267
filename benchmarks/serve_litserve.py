"""The same predictor behind LitServe, for `benchmarks/serve.py`: as many workers as lanes, one thread each.

Run by an environment that has litserve: `python benchmarks/serve_litserve.py --port 9000 --workers 2`.
"""

import argparse
import base64

import litserve
import torch
from fastapi import Request

from densepose_labeler import label_sets
from densepose_labeler.config import LabelConfig
from densepose_labeler.service import answers
from densepose_labeler.service.models import Models
from densepose_labeler.service.scheduling import Found
from manifests.decoding import decode


class DensePose(litserve.LitAPI):  # type: ignore[misc]
    def setup(self, device: str) -> None:
        torch.set_num_threads(1)
        self.models = Models(["embedded"], LabelConfig(device="cpu"), label_sets.choose_device("cpu"))
        self.infer = self.models.infer(self.models.default.order())

    def decode_request(self, request: Request) -> bytes:
        content: dict[str, str] = request  # LitServe hands over the body's JSON; it takes no bare bytes
        return base64.b64decode(content["image"])

    def predict(self, data: bytes) -> Found:
        image = decode(data)
        return Found(self.infer([image])[0], image.shape[0], image.shape[1])

    def encode_response(self, found: Found) -> dict[str, object]:
        return answers.labels(self.models.default, found, "png").model_dump(exclude_none=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    server = litserve.LitServer(
        DensePose(api_path="/v1/densepose"), accelerator="cpu", workers_per_device=given.workers, timeout=60
    )
    server.run(port=given.port, host="127.0.0.1", generate_client_file=False, api_server_worker_type="thread")
