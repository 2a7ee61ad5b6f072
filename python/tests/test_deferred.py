"""Deferred imports: what a framework leaves for later, and that whoever uses it finds it whole."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parent.parent / "src"

START = """
import json, sys
sys.path.insert(0, {source!r})
from hostler import deferred
deferred.import_framework({framework!r})
"""


def answer(code: str, framework: str = "sklearn") -> object:
    """What a fresh interpreter prints as JSON after it has imported a framework as the zygote does."""
    whole = START.format(source=str(SOURCE), framework=framework) + code
    done = subprocess.run([sys.executable, "-c", whole], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: object = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.parametrize("framework", ["sklearn", "xgboost", "sklearn.linear_model"])
def test_a_framework_comes_without_pandas_and_without_the_code_of_its_statistics(framework: str) -> None:
    code = """
print(json.dumps([name in sys.modules for name in
                  ("pandas", "scipy.stats._stats_py", "scipy.stats", "sklearn.metrics")]))
"""
    assert answer(code, framework) == [False, False, True, True]


def test_pandas_is_there_for_whoever_imports_it_and_scikit_learn_takes_its_frames() -> None:
    code = """
import pandas
from sklearn.linear_model import LinearRegression
frame = pandas.DataFrame({"a": [1.0, 2.0, 3.0], "b": [0.0, 1.0, 0.0]})
model = LinearRegression().fit(frame, [1.0, 2.0, 3.0])
print(json.dumps([list(model.feature_names_in_), [round(one, 6) for one in model.predict(frame)]]))
"""
    assert answer(code) == [["a", "b"], [1.0, 2.0, 3.0]]


@pytest.mark.parametrize(
    "use",
    [
        "import scipy.stats\nvalue = scipy.stats.norm.cdf(0.0)",
        "from scipy import stats\nvalue = stats.norm.cdf(0.0)",
        "from scipy.stats import norm\nvalue = norm.cdf(0.0)",
        "import scipy.stats.distributions\nvalue = scipy.stats.distributions.norm.cdf(0.0)",
        "import scipy.stats\nassert 'norm' in dir(scipy.stats)\nvalue = scipy.stats.norm.cdf(0.0)",
        "from scipy.stats import *\nvalue = norm.cdf(0.0)",
        "import pickle, scipy.stats\nvalue = pickle.loads(pickle.dumps(scipy.stats.norm(0, 1))).cdf(0.0)",
    ],
)
def test_statistics_are_whole_for_whoever_uses_them(use: str) -> None:
    assert answer(f"{use}\nprint(json.dumps(float(value)))") == 0.5


def test_what_scikit_learn_has_taken_by_name_calls_the_real_function() -> None:
    code = """
import numpy
from sklearn.metrics import roc_auc_score, label_ranking_loss
from sklearn.metrics import _ranking
before = "scipy.stats._stats_py" in sys.modules
ranks = _ranking.rankdata([10.0, 30.0, 20.0], method="max").tolist()
from scipy.stats import rankdata
print(json.dumps([before, ranks, rankdata([2.0, 1.0]).tolist(), rankdata.__module__.startswith("scipy.")]))
"""
    assert answer(code) == [False, [1.0, 3.0, 2.0], [2.0, 1.0], True]


def test_a_distribution_that_scikit_learn_has_taken_by_name_is_the_real_one_in_use() -> None:
    code = """
import numpy
from sklearn.covariance import MinCovDet, _robust_covariance
before = "scipy.stats._stats_py" in sys.modules
rows = numpy.random.default_rng(0).normal(size=(60, 2))
fitted = MinCovDet(random_state=0).fit(rows).covariance_.shape
frozen = float(_robust_covariance.chi2(2).isf(0.5))
print(json.dumps([before, list(fitted), round(frozen, 6), "scipy.stats._stats_py" in sys.modules]))
"""
    assert answer(code) == [False, [2, 2], 1.386294, True]
    assert (
        answer("""
from sklearn.covariance import _robust_covariance
print(json.dumps(round(float(_robust_covariance.chi2.isf(0.5, 2)), 6)))
""")
        == 1.386294
    )


def test_an_estimator_that_needs_statistics_works() -> None:
    code = """
import numpy
from sklearn.preprocessing import QuantileTransformer
rows = numpy.linspace(0, 1, 50).reshape(-1, 1)
turned = QuantileTransformer(n_quantiles=10, output_distribution="normal").fit_transform(rows)
print(json.dumps([round(float(turned[24, 0]), 3), "scipy.stats" in deferred.imported()]))
"""
    assert answer(code) == [-0.026, True]


def test_what_is_imported_names_a_deferred_module_only_once_it_has_run() -> None:
    code = """
before = "scipy.stats" in deferred.imported()
deferred.complete("scipy.stats")
after = "scipy.stats" in deferred.imported()
print(json.dumps([before, after, hasattr(sys.modules["scipy.stats"], "ttest_ind")]))
"""
    assert answer(code) == [False, True, True]


def test_an_import_that_asks_for_the_module_itself_runs_it() -> None:
    code = """
deferred.import_framework("scipy.stats")
print(json.dumps("scipy.stats._stats_py" in sys.modules))
"""
    assert answer(code) is True


@pytest.mark.parametrize(
    "use",
    [
        "numpy.testing.assert_allclose([1.0], [1.0])",
        "from numpy.testing import assert_allclose; assert_allclose([1.0], [1.0])",
        "import numpy.testing._private.utils as utils; utils.assert_allclose([1.0], [1.0])",
        "from numpy import *; testing.assert_allclose([1.0], [1.0])",
        "assert numpy.f2py.get_include()",
        "from numpy.f2py import crackfortran; assert crackfortran.crackfortran",
    ],
)
def test_parts_of_numpy_are_whole_for_whoever_uses_them(use: str) -> None:
    code = f"""
import numpy
before = [name for name in ("numpy.f2py", "numpy.testing") if name in deferred.imported()]
{use}
print(json.dumps(before))
"""
    assert answer(code) == []
