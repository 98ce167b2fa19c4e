"""One small file of each format, made by the packages that people make them with."""

import io
import json
import mailbox
import zipfile
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path

import docx
import openpyxl
import pptx
from pptx.util import Inches

FACT = "The lighthouse of Norwick has 210 steps."


def docx_file() -> bytes:
    """A heading, a list, a table."""
    document = docx.Document()
    document.core_properties.title = "Offer for Norwick"
    document.add_heading("Offer", 1)
    document.add_paragraph(FACT)
    document.add_paragraph("first point", style="List Bullet")
    document.add_paragraph("second point", style="List Bullet")
    table = document.add_table(rows=2, cols=2)
    for row, texts in zip(table.rows, (("Lamp", "Price"), ("L1", "40 euros")), strict=True):
        for cell, text in zip(row.cells, texts, strict=True):
            cell.text = text
    return _saved(document.save)


def pptx_file() -> bytes:
    """Two slides: bullets and a note, and a table."""
    show = pptx.Presentation()
    first = show.slides.add_slide(show.slide_layouts[1])
    first.shapes.title.text = "Opening"
    first.placeholders[1].text_frame.text = "Welcome to the harbor"
    first.notes_slide.notes_text_frame.text = "Speak slowly."
    second = show.slides.add_slide(show.slide_layouts[5])
    second.shapes.title.text = "Steps"
    second.shapes.add_textbox(0, 0, Inches(2), Inches(1)).text_frame.text = FACT
    table = second.shapes.add_table(2, 1, 0, 0, Inches(2), Inches(1)).table
    table.cell(0, 0).text, table.cell(1, 0).text = "Tower", "North"
    return _saved(show.save)


def xlsx_file() -> bytes:
    """Two sheets."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Stock"
    sheet.append(["Item", "Count"])
    sheet.append(["Rope", 12])
    prices = book.create_sheet("Prices 2026")
    prices.append(["Item", "Price"])
    prices.append(["Lantern", 19.5])
    return _saved(book.save)


def pdf_file(*pages: str) -> bytes:
    """A PDF with a line of text on each page, written by hand."""
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", ""]
    kids = []
    for text in pages:
        number = len(objects) + 1
        kids.append(f"{number} 0 R")
        stream = f"BT /F1 12 Tf 20 100 Td ({text}) Tj ET"
        font = "<< /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >>"
        box = f"/Parent 2 0 R /MediaBox [0 0 600 200] /Contents {number + 1} 0 R /Resources {font}"
        objects.append(f"<< /Type /Page {box} >>")
        objects.append(f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream")
    objects[1] = f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(kids)} >>"
    content, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(content))
        content += f"{number} 0 obj\n{body}\nendobj\n".encode()
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    trailer = f"trailer << /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{len(content)}\n%%EOF"
    return content + f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}{trailer}".encode()


def epub_file(chapters: tuple[str, ...] = ("<h1>Shore</h1><p>Sand.", f"<h1>Tower</h1><p>{FACT}")) -> bytes:
    """A book of web pages."""
    container = '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    items = "".join(
        f'<item id="c{n}" href="c%20{n}.xhtml" media-type="application/xhtml+xml"/>'
        for n in range(len(chapters))
    )
    spine = "".join(f'<itemref idref="c{n}"/>' for n in range(len(chapters)))
    names = 'xmlns="http://www.idpf.org/2007/opf" xmlns:dc="http://purl.org/dc/elements/1.1/"'
    stated = "<metadata><dc:title>Keepers</dc:title><dc:date>2021-05-06</dc:date></metadata>"
    package = f"<package {names}>{stated}<manifest>{items}</manifest><spine>{spine}</spine></package>"
    return zip_file(
        {
            "META-INF/container.xml": f'{container}<rootfile full-path="OPS/book.opf"/></rootfiles></container>',
            "OPS/book.opf": package,
            **{f"OPS/c {n}.xhtml": f"<html><body>{text}</body></html>" for n, text in enumerate(chapters)},
        }
    )


def zip_file(entries: dict[str, str]) -> bytes:
    """An archive."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in entries.items():
            archive.writestr(name, text)
    return file.getvalue()


def message(subject: str, text: str) -> EmailMessage:
    """A message with an attachment."""
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = "Ada <ada@example.com>", "bo@example.com", subject
    made["Date"] = "Tue, 03 Mar 2026 10:00:00 +0000"
    made.set_content(text)
    made.add_attachment(b"x", maintype="application", subtype="octet-stream", filename="plan.bin")
    return made


def mbox_file(folder: Path) -> bytes:
    """A mailbox of two messages, one with a line that starts as a message does."""
    box = mailbox.mbox(folder / "made.mbox")
    box.add(message("Greetings", "From now on we meet on Mondays.\n"))
    box.add(message("Steps", FACT))
    box.close()
    return (folder / "made.mbox").read_bytes()


NOTEBOOK = json.dumps(
    {
        "metadata": {"kernelspec": {"language": "python"}},
        "cells": [
            {"cell_type": "markdown", "source": ["# Count\n", "How many steps?"]},
            {"cell_type": "code", "source": "# no heading\nprint(steps)", "outputs": [{"text": ["210\n"]}]},
            {"cell_type": "markdown", "source": "## Result\n" + FACT},
        ],
    }
).encode()


def _saved(save: Callable[[io.BytesIO], None]) -> bytes:
    file = io.BytesIO()
    save(file)
    return file.getvalue()
