"""Stands in for the application's own settings, which kh_settings.py imports and changes."""

from pathlib import Path

KH_APP_DATA_DIR = Path(__file__).parent / "ktem_app_data"
KH_APP_DATA_DIR.mkdir(parents=True, exist_ok=True)
KH_DATABASE = f"sqlite:///{KH_APP_DATA_DIR / 'sql.db'}"
