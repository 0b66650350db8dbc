"""Files that ship."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PILOTNET = ROOT / "models" / "pilotnet-lif"
