/** The model of the scaffold. Its data comes with scikit-learn, so that nothing is downloaded. */
export const exampleModel = "iris";

const settings = `{
  "http_port": 8080,
  "metrics_port": 8082
}
`;

const modelSettings = `{
  "name": "${exampleModel}",
  "implementation": "mlserver_sklearn.SKLearnModel",
  "parameters": {
    "uri": "./model.joblib",
    "version": "v1"
  }
}
`;

const sampleInput = `{
  "inputs": [
    {
      "name": "predict",
      "shape": [2, 4],
      "datatype": "FP64",
      "data": [
        [5.1, 3.5, 1.4, 0.2],
        [6.7, 3.0, 5.2, 2.3]
      ]
    }
  ]
}
`;

const train = `"""Trains the example model: which iris is it, by the length and width of sepal and petal?"""

from pathlib import Path

import joblib
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

X, y = load_iris(return_X_y=True)
model = LogisticRegression(max_iter=1000).fit(X, y)

path = Path(__file__).with_name("model.joblib")
joblib.dump(model, path)
print(f"{path}: accuracy {model.score(X, y):.3f} on its own training data")
`;

const readme = `# A folder of models

\`\`\`
settings.json                        the server's settings
models/${exampleModel}/model-settings.json     name, version and runtime of one model
models/${exampleModel}/train.py                makes models/${exampleModel}/model.joblib
models/${exampleModel}/sample_input.json       a request, ready to send
\`\`\`

Train the model, with a Python that has scikit-learn:

\`\`\`sh
python3 -m venv .venv && .venv/bin/pip install scikit-learn
.venv/bin/python models/${exampleModel}/train.py
\`\`\`

Serve the folder:

\`\`\`sh
hostler serve . --python .venv/bin/python
\`\`\`

Ask, in another terminal:

\`\`\`sh
hostler predict ${exampleModel} -f models/${exampleModel}/sample_input.json
\`\`\`

The answer is \`[0, 2]\`: a setosa and a virginica.

A further model is a further folder with a \`model-settings.json\`; \`hostler serve\` finds it wherever it lies below this
one.
`;

export const templates: Readonly<Record<string, string>> = {
  "README.md": readme,
  "settings.json": settings,
  [`models/${exampleModel}/model-settings.json`]: modelSettings,
  [`models/${exampleModel}/sample_input.json`]: sampleInput,
  [`models/${exampleModel}/train.py`]: train,
};
