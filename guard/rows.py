"""The rows of the guard's table. Each says what happens to a store on some backings with one or many writers.

Every source is the URL of documentation or of an issue. tests/unit/guard/test_empirical.py runs what it can.
"""

from collections.abc import Mapping

from guard.database_rows import CHROMA_MANY, CHROMA_ONE, SQLITE_MANY, SQLITE_ONE
from guard.file_rows import HF_MANY, HF_ONE, LOG_MANY, LOG_ONE, UPLOADS_MANY, UPLOADS_ONE
from guard.index_rows import INDEX_FILE_MANY, INDEX_FILE_ONE, LANCEDB_MANY, LANCEDB_ONE
from guard.row_words import Line
from guard.words import Store, Writers

ROWS: Mapping[Store, Mapping[Writers, list[Line]]] = {
    Store.SQLITE: {Writers.ONE: SQLITE_ONE, Writers.MANY: SQLITE_MANY},
    Store.CHROMA: {Writers.ONE: CHROMA_ONE, Writers.MANY: CHROMA_MANY},
    Store.LANCEDB: {Writers.ONE: LANCEDB_ONE, Writers.MANY: LANCEDB_MANY},
    Store.INDEX_FILE: {Writers.ONE: INDEX_FILE_ONE, Writers.MANY: INDEX_FILE_MANY},
    Store.HF_CACHE: {Writers.ONE: HF_ONE, Writers.MANY: HF_MANY},
    Store.UPLOADS: {Writers.ONE: UPLOADS_ONE, Writers.MANY: UPLOADS_MANY},
    Store.LOG: {Writers.ONE: LOG_ONE, Writers.MANY: LOG_MANY},
}
