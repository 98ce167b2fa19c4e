"""The names of the months, whole and short, in the languages notes are in, and which month each is.

Data and its look-up. How a date is put together of them stands in `dates.py` and `forms.py`.
"""

from collections.abc import Mapping

# A row for each month, which a line that is set in goes on with; a name that two languages share stands once.
_NAMES = """
january jan januar jänner janvier enero gennaio januari janeiro ianuarie ocak stycznia styczeń января январь
    январе ιανουαρίου जनवरी يناير มกราคม
february feb februar février febrero febbraio februari fevereiro februarie şubat lutego luty февраля февраль
    феврале φεβρουαρίου फरवरी फ़रवरी فبراير กุมภาพันธ์
march mar märz maerz mrz mars marzo maart março martie mart marca marzec марта март марте μαρτίου मार्च مارس
    มีนาคม
april apr avril abril aprile aprilie nisan kwietnia kwiecień апреля апрель апреле απριλίου अप्रैल أبريل
    เมษายน
may mai mayo maggio mei maj maio mayıs maja мая май мае μαΐου मई مايو พฤษภาคม
june jun juni juin junio giugno junho iunie haziran czerwca czerwiec июня июнь июне ιουνίου जून يونيو
    มิถุนายน
july jul juli juillet julio luglio julho iulie temmuz lipca lipiec июля июль июле ιουλίου जुलाई يوليو
    กรกฎาคม
august aug août aout agosto augustus augusti ağustos sierpnia sierpień августа август августе αυγούστου
    अगस्त أغسطس สิงหาคม
september sep sept septembre septiembre settembre setembro septembrie eylül września wrzesień сентября
    сентябрь сентябре σεπτεμβρίου सितंबर सितम्बर سبتمبر กันยายน
october oct okt oktober octobre octubre ottobre outubro octombrie ekim października październik октября
    октябрь октябре οκτωβρίου अक्टूबर अक्तूबर أكتوبر ตุลาคม
november nov novembre noviembre novembro noiembrie kasım listopada listopad ноября ноябрь ноябре νοεμβρίου
    नवंबर नवम्बर نوفمبر พฤศจิกายน
december dec dez dezember décembre diciembre dicembre dezembro decembrie aralık grudnia grudzień декабря
    декабрь декабре δεκεμβρίου दिसंबर दिसम्बर ديسمبر ธันวาคม
"""

_ROWS = _NAMES.strip().replace("\n    ", " ").splitlines()
MONTHS: Mapping[str, int] = {name: number for number, row in enumerate(_ROWS, 1) for name in row.split()}


def month_pattern(*, capital: bool = False) -> str:
    """The names as a pattern, by their first letters, which is quick; with `capital` only those that have one."""
    names = [name.capitalize() if capital else name for name in MONTHS]
    letters = dict.fromkeys(sorted(name[0] for name in names))
    rests = {
        letter: sorted((name[1:] for name in names if name[0] == letter), key=len, reverse=True)
        for letter in letters
    }
    return "|".join(f"{letter}(?:{'|'.join(listed)})" for letter, listed in rests.items())
