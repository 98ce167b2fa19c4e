"""Words that say how many, how much and how long, in the languages notes are in. Data only.

Number words are kept by language: "on" is ten in Turkish and a small word in English.
"""

from collections.abc import Mapping

NUMBER_WORDS: Mapping[str, str] = {
    "en": "two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
    " eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand dozen",
    "de": "zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn zwanzig dreißig"
    " vierzig fünfzig hundert tausend dutzend",
    "fr": "deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze vingt trente quarante"
    " cinquante soixante cent mille",
    "es": "dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince veinte treinta cuarenta"
    " cincuenta cien ciento mil",
    "it": "due tre quattro cinque sei sette otto nove dieci undici dodici quindici venti trenta cento mille",
    "pt": "dois duas três quatro cinco seis sete oito nove dez onze doze quinze vinte trinta cem mil",
    "nl": "twee drie vier vijf zes zeven acht negen tien elf twaalf vijftien twintig dertig honderd duizend",
    "sv": "två tre fyra fem sex sju åtta nio tio elva tolv femton tjugo trettio hundra tusen",
    "da": "to tre fire fem seks syv otte ni ti elleve tolv femten tyve tredive hundrede tusind",
    "ro": "doi două trei patru cinci șase șapte opt nouă zece douăzeci treizeci o sută",
    "pl": "dwa dwie trzy cztery pięć sześć siedem osiem dziewięć dziesięć dwanaście dwadzieścia sto tysiąc",
    "tr": "iki üç dört beş altı yedi sekiz dokuz on yirmi otuz kırk elli yüz bin",
    "ru": "два две двух три трёх трех четыре четырёх четырех пять пяти шесть шести семь семи восемь восьми девять"
    " девяти десять десяти двенадцать двадцать тридцать сорок пятьдесят сто тысяча",
    "el": "δύο δυο τρία τρεις τριών τέσσερα τέσσερις τεσσάρων πέντε έξι επτά εφτά οκτώ οχτώ εννέα εννιά δέκα δώδεκα"
    " είκοσι τριάντα εκατό χίλια",
    "hi": "एक दो तीन चार पांच पाँच छह छः सात आठ नौ दस बारह पंद्रह बीस तीस सौ",
    "ar": "اثنان اثنين اثنتان اثنتين ثلاثة ثلاث أربعة أربع خمسة خمس ستة ست سبعة سبع ثمانية ثمان تسعة تسع عشرة عشر عشرين"
    " ثلاثين مائة مئة",
    "vi": "hai ba bốn năm sáu bảy tám chín mười",
    "th": "หนึ่ง สอง สาม สี่ ห้า หก เจ็ด แปด เก้า สิบ",
    "ko": "두 세 네 다섯 여섯 일곱 여덟 아홉 열",
}
SCALES = (
    "thousand|million|billion|trillion|hundred|dozen|Tausend|Million|Millionen|Milliarde|Milliarden|Mio|Mrd|mille"
    "|millions|milliard|milliards|mil|millón|millones|milione|milioni|miliardo|miliardi|milhão|milhões|bilhões"
    "|miljoner|miljarder|miljoen|miljard|milioane|miliarde|bin|milyon|milyar|тысяч|тысячи|тысяча|тыс|миллион"
    "|миллиона|миллионов|млн|миллиард|миллиарда|миллиардов|млрд|लाख|करोड़|हजार|हज़ार|مليون|مليار|ألف|ملايين|ล้าน|พัน|แสน"
    "|หมื่น|万|億|亿|千|triệu|tỷ|nghìn|εκατομμύρια|δισεκατομμύρια|χιλιάδες"
)
ABOUT = (
    "up to|more than|less than|fewer than|at least|at most|as many as|over|about|around|approximately|nearly|almost"
    "|roughly|only|every|alle|toutes les|tous les|cada|ogni|каждые|bis zu|mehr als|weniger als"
    "|mindestens|höchstens|über|rund|etwa|ungefähr|knapp|fast|zirka|ca."
    "|plus de|moins de|près de|environ|jusqu'à|más de|menos de|cerca de|alrededor de|casi|unos|unas|hasta|più di"
    "|circa|quasi|oltre|mais de|meer dan|ongeveer|peste|aproximativ|около|более|менее|свыше|почти|до"
)
SHARES = (
    "%|٪|per cent|percent|percentage|Prozent|pour cent|pourcent|por ciento|per cento|por cento|procent|la sută"
    "|процент|процента|процентов|प्रतिशत|بالمئة|بالمائة|في المئة|في المائة|เปอร์เซ็นต์"
    "|phần trăm|τοις εκατό|パーセント|퍼센트"
)
TIME_UNITS = (
    "seconds|second|minutes|minute|hours|hour|days|day|weeks|week|months|month|years|year|decades|decade|centuries"
    "|century|Sekunden|Sekunde|Minuten|Minute|Stunden|Stunde|Tagen|Tage|Tag|Wochen|Woche|Monaten|Monate|Monat"
    "|Jahren|Jahre|Jahr|Jahrzehnten|Jahrzehnte|Jahrhunderten|Jahrhunderte|secondes|minutes|heures|heure|jours|jour"
    "|semaines|semaine|mois|ans|an|années|segundos|minutos|horas|hora|días|día|semanas|semana|meses|mes|años|año"
    "|secondi|minuti|ore|giorni|giorno|settimane|settimana|mesi|mese|anni|anno|dias|dia|anos|ano|mês|dagen|dag|weken"
    "|maanden|maand|jaar|uur|dagar|veckor|månader|år|dage|uger|måneder|zile|săptămâni|luni|ani|gün|hafta|ay|yıl|saat"
    "|секунд|секунды|минут|минуты|часов|часа|час|дней|дня|день|недель|недели|неделя|месяцев|месяца|месяц|лет|года|год"
    "|दिन|दिनों|सप्ताह|महीने|महीनों|साल|वर्ष|वर्षों|घंटे|घंटों|يوما|يوم|أيام|أسابيع|أشهر|سنوات|سنة|عاما|عام|ساعات|ساعة"
    "|ปี|วัน|เดือน|สัปดาห์|ชั่วโมง|年間|年|天|日間|日|週間|周|ヶ月|か月|时间|時間|小时|năm|ngày|tháng|tuần|giờ|년|일|개월|시간|주"
    "|χρόνια|έτη|μήνες|μέρες|ημέρες|ώρες|εβδομάδες"
)
MEASURES = (
    "°C|°F|º C|km|m|cm|mm|km²|m²|km2|m2|kg|g|mg|t|kB|MB|GB|TB|W|kW|MW|GW|ft|mi|km/h|mph|€|$|£|¥|feet|foot|inches"
    "|miles|mile|meters|metres|kilometers|kilometres|Meter|Metern|Kilometer|Kilometern|mètres|kilomètres|metros"
    "|kilómetros|metri|chilometri|метров|километров|метра|километра|dollars|euros|Euro|Dollar|tons|tonnes|Tonnen"
)
