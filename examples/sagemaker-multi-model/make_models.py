"""Makes the two models of the example, as folders and as the archives that SageMaker reads.

    python make_models.py [FOLDER]      by default ./models

The models only look at how bright the four quarters of a picture are, so that everybody can check them.
"""

import json
import pathlib
import sys
import tarfile

LABELS = ["night", "day", "sunrise", "sunset", "eclipse", "fog"]
MODELS = {
    "resnet_18": [
        [-1, -1, -1, -1],
        [1, 1, 1, 1],
        [1, -1, 1, -1],
        [-1, 1, -1, 1],
        [-2, 1, 1, -2],
        [0, 0, 0, 0],
    ],
    "resnet_152": [
        [-2, -2, -2, -2],
        [2, 2, 2, 2],
        [3, -1, 3, -1],
        [-1, 3, -1, 3],
        [-2, 1, 1, -2],
        [1, 0, 0, 1],
    ],
}


def main(target: pathlib.Path) -> None:
    for name, weights in MODELS.items():
        folder = target / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}-weights.json").write_text(json.dumps(weights))
        (folder / f"{name}-shape.json").write_text(json.dumps({"pixels": len(weights[0])}))
        (folder / "synset.txt").write_text("".join(f"{label}\n" for label in LABELS))
        with tarfile.open(target / f"{name}.tar.gz", "w:gz") as archive:
            for file in sorted(folder.iterdir()):
                archive.add(file, arcname=file.name)


main(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "models"))
