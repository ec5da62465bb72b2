"""What we take from others: locked by hash, from nobody's address, freely licensed."""

from importlib.metadata import distribution

import pytest

from tools.house import supply
from tools.house.tree import ROOT, Source

LOCKS = ("requirements/run.lock", "requirements/dev.lock")


def read(path: str) -> Source:
    return Source(path=path, text=(ROOT / path).read_text())


@pytest.mark.parametrize(
    "text",
    [
        "aiohttp==3.1 \\\n    --hash=sha256:ab\nrich==1.0",
        "rich>=1.0 \\\n    --hash=sha256:ab",
        "--index-url https://mirror.example/simple\nrich==1.0 \\\n    --hash=sha256:ab",
    ],
)
def test_a_loose_lock_is_found(text: str) -> None:
    assert list(supply.unpinned(Source(path="a.lock", text=text)))


@pytest.mark.parametrize("path", LOCKS)
def test_python_packages_are_locked_by_hash_and_without_addresses(path: str) -> None:
    assert list(supply.unpinned(read(path))) == []


def test_what_runs_is_a_part_of_what_is_developed_with() -> None:
    run, dev = (set(supply.locked(read(path))) for path in LOCKS)
    assert run <= dev


def test_browser_packages_are_locked_by_hash_and_without_addresses() -> None:
    loose = '{"packages": {"": {}, "node_modules/a": {"resolved": "https://registry/a.tgz"}}}'
    assert len(list(supply.unlocked_browser_packages(Source(path="p", text=loose)))) == 2
    assert list(supply.unlocked_browser_packages(read("package-lock.json"))) == []


@pytest.mark.parametrize(
    "said", ["GPL-3.0-only", "GNU Affero General Public License v3", "", "Proprietary"]
)
def test_an_unfree_licence_is_found(said: str) -> None:
    assert list(supply.unfree("planted", said))


@pytest.mark.parametrize("said", ["MIT", "LGPL-3.0-only", "BSD License", "Apache-2.0 OR MIT"])
def test_a_free_licence_passes(said: str) -> None:
    assert list(supply.unfree("planted", said)) == []


def test_every_run_time_dependency_is_permissive_or_weak_copyleft() -> None:
    installed = [
        distribution(name) for name in supply.locked(read("requirements/run.lock")) if present(name)
    ]
    assert len(installed) > 20
    assert list(supply.unfree_distributions(installed)) == []


def present(name: str) -> bool:
    """Whether it is installed here; the lock also names packages of other platforms."""
    try:
        distribution(name)
    except ModuleNotFoundError:
        return False
    return True


MODELS = {
    "anthropic",
    "cohere",
    "google-genai",
    "keras",
    "langchain",
    "lightgbm",
    "litellm",
    "llama-cpp-python",
    "mistralai",
    "ollama",
    "onnxruntime",
    "openai",
    "scikit-learn",
    "spacy",
    "tensorflow",
    "torch",
    "transformers",
    "xgboost",
}


@pytest.mark.requirement("R60")
def test_nothing_that_runs_is_a_model_or_asks_one() -> None:
    """Rules decide. A library of models among what runs would be seen here, also one that another brings along."""
    run = set(supply.locked(read("requirements/run.lock")))
    assert len(run) > 10
    assert run.isdisjoint(MODELS)
