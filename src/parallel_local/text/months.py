"""The names of the months, also short, in the languages notes are in. Data only."""

_NAMES = """
january february march april may june july august september october november december jan feb mar apr jun jul
aug sep sept oct nov dec januar februar märz mai juni juli oktober dezember jänner mrz okt dez janvier février
mars avril juin juillet août septembre octobre novembre décembre enero febrero marzo abril mayo junio julio
agosto septiembre octubre noviembre diciembre gennaio febbraio aprile maggio giugno luglio settembre ottobre
dicembre januari februari maart mei augustus januari februari maj oktober december janeiro fevereiro março
junho julho setembro outubro novembro dezembro ianuarie februarie martie aprilie iunie iulie septembrie
octombrie noiembrie decembrie ocak şubat mart nisan mayıs haziran temmuz ağustos eylül ekim kasım aralık
stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia января
февраля марта апреля мая июня июля августа сентября октября ноября декабря
"""
_GREEK_AND_MORE = """
ιανουαρίου φεβρουαρίου μαρτίου απριλίου μαΐου ιουνίου ιουλίου αυγούστου σεπτεμβρίου οκτωβρίου νοεμβρίου
δεκεμβρίου январь февраль март апрель май июнь июль август сентябрь октябрь ноябрь декабрь январе феврале
марте апреле мае июне июле августе сентябре октябре ноябре декабре
जनवरी फरवरी फ़रवरी मार्च अप्रैल मई जून जुलाई अगस्त सितंबर सितम्बर अक्टूबर अक्तूबर नवंबर नवम्बर दिसंबर दिसम्बर
يناير فبراير مارس أبريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر
มกราคม กุมภาพันธ์ มีนาคม เมษายน พฤษภาคม มิถุนายน กรกฎาคม สิงหาคม กันยายน ตุลาคม พฤศจิกายน ธันวาคม
"""

MONTHS = frozenset((_NAMES + _GREEK_AND_MORE).split())
