"""Where the tests find the files of the repository."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "data" / "samples"
PAYLOADS = ROOT / "tests" / "payloads"
SCHEMAS = ROOT / "tests" / "schemas"
