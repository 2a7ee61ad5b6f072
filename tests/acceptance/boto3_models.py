"""Makes the models that the boto3 test calls: archives as SageMaker unpacks them."""

import io
import sys
import tarfile
from pathlib import Path

SCRIPT = """
import json
import os


def model_fn(model_dir):
    with open(os.path.join(model_dir, "factor.txt"), encoding="utf-8") as file:
        factor = int(file.read())
    if factor < 0:
        raise ValueError("a factor has to be positive")
    return {"factor": factor, "ballast": os.urandom(BALLAST << 20)}


def input_fn(body, content_type):
    return json.loads(body)


def predict_fn(data, model):
    if data == "die":
        os._exit(3)
    if data == "header":
        return data * 2
    return [value * model["factor"] for value in data]


def output_fn(prediction, accept, context):
    if prediction == "header" * 2:
        context.set_response_header(0, "X-Amzn-SageMaker-Custom-Attributes", "of two\\nlines")
    return json.dumps(prediction), "application/json"
"""


def archive(path: Path, files: dict[str, str]) -> None:
    with tarfile.open(path, "w:gz") as tar:
        for name, text in files.items():
            data = text.encode()
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))


def main() -> None:
    folder, count, ballast = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    folder.mkdir(parents=True)
    script = SCRIPT.replace("BALLAST", ballast)
    for number in range(1, count + 1):
        files = {"factor.txt": str(number), "code/inference.py": script}
        archive(folder / f"model-{number}.tar.gz", files)
    (folder / "team").mkdir()
    archive(folder / "team" / "seven.tar.gz", {"factor.txt": "7", "code/inference.py": script})
    # A name that headers carry in UTF-8.
    archive(folder / "team" / "\u00e9t\u00e9.tar.gz", {"factor.txt": "9", "code/inference.py": script})
    archive(folder / "broken.tar.gz", {"factor.txt": "-1", "code/inference.py": script})


main()
