"""Small real files, each with a code word that an answer must repeat.

What a code word is, and how it is asked for: model_endpoint.py.
"""

from pathlib import Path

QUESTION = "What is the secret word of the {} report?"


def secret(name: str) -> str:
    """The sentence that answers QUESTION."""
    return f"The secret word of the {name} report is CODE-{name.upper()}."


def text(folder: Path, name: str) -> Path:
    path = folder / f"{name}.txt"
    path.write_text(f"A report about {name}. " * 100 + f"\n{secret(name)} \n" + "Bridges are long. " * 100)
    return path


def small_texts(folder: Path, stem: str, count: int) -> list[Path]:
    """So many files of one sentence each."""
    paths = [folder / f"{stem}{number}.txt" for number in range(count)]
    for path in paths:
        path.write_text(f"A short report about {path.stem}. {secret(path.stem)}\n")
    return paths


def pdf(folder: Path, name: str, pages: int = 3) -> Path:
    """Pages full of text: the picture that the application takes of each is longer than Milvus takes in a row."""
    from reportlab.lib.pagesizes import A4
    from reportlab.pdfgen.canvas import Canvas

    path = folder / f"{name}.pdf"
    canvas = Canvas(str(path), pagesize=A4)
    for page in range(1, pages + 1):
        canvas.drawString(60, 790, secret(name) if page == pages else f"Page {page} of a report about {name}.")
        for line in range(60):
            canvas.drawString(60, 770 - 12 * line, f"Line {line} of page {page}: bridges over rivers are long. " * 2)
        canvas.showPage()
    canvas.save()
    return path


def docx(folder: Path, name: str) -> Path:
    from docx import Document

    path = folder / f"{name}.docx"
    made = Document()
    made.add_heading(f"A report about {name}", 1)
    made.add_paragraph("Bridges over rivers are long. They are also red, because people painted them.")
    made.add_paragraph(secret(name))
    table = made.add_table(rows=1, cols=2)
    table.rows[0].cells[0].text, table.rows[0].cells[1].text = "Length", "1200 metres"
    made.save(str(path))
    return path


def xlsx(folder: Path, name: str) -> Path:
    from openpyxl import Workbook

    path = folder / f"{name}.xlsx"
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (["Bridge", "Remark"], ["Red bridge", secret(name)], ["Long bridge", "Painted in spring"]):
        sheet.append(row)
    book.save(str(path))
    return path


KINDS = {"pdf": pdf, "docx": docx, "xlsx": xlsx}
