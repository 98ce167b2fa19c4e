"""What asks for what, in each language: question words and phrases, and the names of fields that say nothing.

Data; `answers/questions.py` reads it. Phrases are lower case, mostly without accents, and are folded where they
are read. Languages written without blanks are matched by substring, all others by whole words. A `*` stands for
any ending.
"""

from collections.abc import Mapping
from enum import Enum

from parallel_local.text.tokens import fold


class Asks(Enum):
    """The kind of thing that is asked for, the most telling first."""

    SHARE = "share"
    COUNT = "count"
    LENGTH = "length"
    MEASURE = "measure"
    YEAR = "year"
    WHY = "why"
    WHEN = "when"
    WHO = "who"
    WHERE = "where"
    HOW = "how"
    WHICH = "which"
    WHAT = "what"
    OPEN = "open"


# Names of fields that say nothing of what is asked.
NAMELESS = """
a the final short brief direct exact full answer answers value values result results response responses reply output
text content information info data field solution conclusion antwort antworten wert ergebnis ausgabe lösung
réponse valeur résultat respuesta valor resultado contestación risposta valore risultato resposta antwoord waarde
resultaat svar värde resultat værdi verdi răspuns valoare rezultat odpowiedź wartość wynik yanıt cevap değer sonuç ответ
значение результат відповідь απάντηση τιμή αποτέλεσμα الجواب جواب الإجابة إجابة قيمة نتيجة उत्तर जवाब मान
परिणाम trả lời câu
kết quả คำตอบ ค่า ผลลัพธ์ 答案 回答 答え 値 結果 结果 值 답 답변 결과 값
"""
# Words of a question that its answer need not repeat: small verbs and particles that are in no list of stop words.
LIGHT: Mapping[str, str] = {
    "en": "one main upon common generally used use using based among amount number person thing things example"
    " examples get gets got take takes took happen happens happened called named kind type types sort exactly"
    " approximately another usually typically sometimes term terms refer refers referred located considered",
    "de": "ins ans aufs raus rein runter hoch los hin her weg bekomme bekommen bekommt kriege kriegt gibt geben"
    " eigentlich genau ungefähr heißt heissen nennt genannt bezeichnet art arten passiert geschah geht stattfinden"
    " name namen person personen beispiel beispiele anzahl liegt liegen befindet befinden befand andere anderer"
    " anderen anderes beide beiden insgesamt normalerweise typischerweise üblicherweise manchmal tatsächlich"
    " bezüglich zufolge davon dabei dazu obwohl deren dessen denen ihren ihrem ihres ihrer seinen seinem seines",
    "fr": "faut ai avons avez dois doit peut fait appelle nommé sorte type quel exactement environ nom exemple"
    " autre trouve situé habituellement",
    "es": "se tengo tiene tenemos tienen hay debo debe puedo llama llamado tipo clase exactamente nombre ejemplo"
    " encuentra ubicado normalmente aproximadamente",
    "it": "si ho hai devo deve posso chiama chiamato tipo occorre serve nome esempio trova",
    "pt": "tenho tem devo posso chama chamado tipo nome exemplo fica",
    "nl": "heb heeft krijg krijgt heet genoemd soort naam voorbeeld ligt",
    "ru": "есть имеет имеют имею называется называют называли называлось назвали название имя вид тип нужно надо можно"
    " находится находятся находился находилась пример примеры примерно около обычно иногда однако человек"
    " случилось произошло происходит количество число другие другой другая первый впервые однажды именно",
    "ar": "اسم الاسم يسمى تسمى سمي سميت يدعى يطلق نوع انواع شيء الشيء الأشياء شخص الشخص مثال أمثلة يوجد توجد يقع تقع"
    " قام قامت قاموا يقوم تقوم تمت حدث حوالي تقريبا عدد آخر أخرى الأخرى عادة أحيانا أحد إحدى عدم إلا دون لكي أثناء"
    " عنه عنها معه معها معهم فيهم إليها لديه لديها لدى عليهم فيما والتي والذي اللذان اللتان خلالها حسب وفقا طبقا",
    "hi": "नाम प्रकार तरह उदाहरण चीज चीज़ व्यक्ति लोग लोगों संख्या लगभग होता होती होते होने हो कहा कहते जाना दिया दी दिए करना"
    " अपने अपनी अपना उनके उनकी उनका इनके रूप आमतौर कभी अन्य दौरान अनुसार बारे स्थित",
    "ja": "か",
}
# Left out when documents are searched, and still what a question may ask: "what did the club make of it?".
UNHEARD: Mapping[str, str] = {
    "en": "make made need want write create find found show give gave get got let describe explain",
    "de": "macht machte will wollen mag darf",
    "fr": "fait faire doit doivent",
}
UNSPACED = frozenset({"th", "zh", "ja"})

# language → kind → phrases, parted by "|"
ASKING: Mapping[str, Mapping[Asks, str]] = {
    "en": {
        Asks.SHARE: "what percent*|which percent*|what share|what proportion|what fraction|how many percent",
        Asks.COUNT: "how many|what number|what is the number|what was the number|what is the population",
        Asks.LENGTH: "how long|for how long",
        Asks.MEASURE: "how much|how tall|how far|how high|how deep|how wide|how large|how big|how old|how fast"
        "|how heavy|how often|how hot|how cold|how thick|what age|what price|what temperature|what is the price"
        "|what is the cost|how expensive",
        Asks.YEAR: "what year|which year|what years|which years",
        Asks.WHY: "why|what reason|what is the reason|what was the reason|what caused|how come|for what reason",
        Asks.WHEN: "when|what date|which date|what day|which day|what month|which month|what century"
        "|which century|what decade|which decade|what time|which time|at what time|what era|what period"
        "|what is the date|by when|until when|since when",
        Asks.WHO: "who|whom|whose|which person|what person|who s",
        Asks.WHERE: "where|what place|which place|what location|which location",
        Asks.HOW: "how|in what way|what way",
        Asks.WHICH: "which",
        Asks.WHAT: "what|whats|name",
    },
    "de": {
        Asks.SHARE: "wie viel prozent|wieviel prozent|wie viele prozent|welcher prozentsatz|welchen prozentsatz"
        "|welcher anteil|welchen anteil|wie hoch ist der anteil",
        Asks.COUNT: "wie viele|wieviele|welche anzahl|wie vielen|wie gross ist die anzahl",
        Asks.LENGTH: "wie lange|wie lang",
        Asks.MEASURE: "wie viel|wieviel|wie hoch|wie weit|wie gross|wie tief|wie breit|wie alt|wie schnell"
        "|wie schwer|wie oft|wie teuer|wie heiss|wie kalt|wie haufig|was kostet",
        Asks.YEAR: "welchem jahr|welches jahr|welchen jahren|welche jahre",
        Asks.WHY: "warum|weshalb|wieso|weswegen|wozu|aus welchem grund|aus welchen grunden",
        Asks.WHEN: "wann|welchem datum|welches datum|welchem tag|welchen tag|welcher tag|welchem monat"
        "|welchem jahrhundert|welchem jahrzehnt|welchen jahrzehnten|um wie viel uhr|um wieviel uhr"
        "|welchem zeitraum|bis wann|seit wann|ab wann|wie spat",
        Asks.WHO: "wer|wem|wen|wessen|mit wem|von wem",
        Asks.WHERE: "wo|woher|wohin|an welchem ort|welcher ort",
        Asks.HOW: "wie|auf welche weise|wodurch|womit",
        Asks.WHICH: "welche|welcher|welches|welchen|welchem",
        Asks.WHAT: "was|worin|woraus|wofur|woran|worauf|wovon|wonach|woruber|nennen sie|nenne",
    },
    "fr": {
        Asks.SHARE: "quel pourcentage|quelle part|quelle proportion",
        Asks.COUNT: "combien de|combien d|quel nombre|quel est le nombre|combien",
        Asks.LENGTH: "combien de temps|quelle duree|quelle est la duree|pendant combien",
        Asks.MEASURE: "quelle taille|quelle hauteur|quelle distance|quel age|quel prix|quelle longueur"
        "|quelle est la taille|quelle est la longueur|combien coute|quelle quantite|quelle temperature",
        Asks.YEAR: "quelle annee|quelles annees",
        Asks.WHY: "pourquoi|quelle raison|quelle est la raison|quelles raisons",
        Asks.WHEN: "quand|quelle date|quel jour|quel mois|quel siecle|quelle heure|quelle decennie|quelle epoque",
        Asks.WHO: "qui|a qui|de qui|par qui",
        Asks.WHERE: "ou|d ou|quel endroit|quel lieu",
        Asks.HOW: "comment|de quelle facon|de quelle maniere",
        Asks.WHICH: "quel|quelle|quels|quelles|lequel|laquelle|lesquels|lesquelles",
        Asks.WHAT: "que|qu|quoi|qu est ce que|qu est ce",
    },
    "es": {
        Asks.SHARE: "que porcentaje|que proporcion|que parte",
        Asks.COUNT: "cuantos|cuantas|que numero|cual es el numero",
        Asks.LENGTH: "cuanto tiempo|cuanto dura*|cuanto tarda*|por cuanto tiempo",
        Asks.MEASURE: "cuanto|cuanta|cuan|que altura|que distancia|que edad|que tamano|que longitud|que temperatura"
        "|cuanto cuesta|a cuanto|que cantidad",
        Asks.YEAR: "que ano|que anos|cual es el ano",
        Asks.WHY: "por que|cual es la razon|cual fue la razon|que razon|a que se debe|que causo",
        Asks.WHEN: "cuando|que fecha|que dia|que mes|que siglo|que decada|que hora|que epoca|que periodo",
        Asks.WHO: "quien|quienes|a quien|de quien|que persona",
        Asks.WHERE: "donde|adonde|que lugar|que sitio",
        Asks.HOW: "como|de que manera|de que forma|de que modo",
        Asks.WHICH: "cual|cuales",
        Asks.WHAT: "que",
    },
    "it": {
        Asks.SHARE: "quale percentuale|che percentuale|quale quota",
        Asks.COUNT: "quanti|quante|quale numero|qual e il numero",
        Asks.LENGTH: "quanto tempo|quanto dura*|per quanto|da quanto",
        Asks.MEASURE: "quanto|quanta|che altezza|quale distanza|che eta|quanti anni ha|quanto costa",
        Asks.YEAR: "quale anno|che anno|quali anni",
        Asks.WHY: "perche|come mai|per quale motivo|per quale ragione",
        Asks.WHEN: "quando|che data|quale data|che giorno|quale giorno|quale secolo|quale mese|che ora",
        Asks.WHO: "chi|di chi|a chi",
        Asks.WHERE: "dove|in che luogo|quale luogo",
        Asks.HOW: "come|in che modo|in quale modo",
        Asks.WHICH: "quale|quali|qual",
        Asks.WHAT: "che|cosa|che cosa|cos",
    },
    "pt": {
        Asks.SHARE: "que percentagem|qual percentagem|que porcentagem|qual porcentagem|qual a porcentagem",
        Asks.COUNT: "quantos|quantas|qual numero|qual o numero",
        Asks.LENGTH: "quanto tempo|quanto dura*|por quanto tempo",
        Asks.MEASURE: "quanto|quanta|que altura|que distancia|que idade|qual o preco|quanto custa",
        Asks.YEAR: "que ano|qual ano|quais anos",
        Asks.WHY: "por que|porque|porque e que|qual a razao|qual o motivo",
        Asks.WHEN: "quando|que data|qual data|que dia|qual dia|que seculo|qual seculo|que mes|que horas",
        Asks.WHO: "quem|de quem",
        Asks.WHERE: "onde|aonde|que lugar|qual lugar",
        Asks.HOW: "como|de que forma|de que maneira",
        Asks.WHICH: "qual|quais",
        Asks.WHAT: "que|o que",
    },
    "nl": {
        Asks.SHARE: "welk percentage|hoeveel procent|welk deel",
        Asks.COUNT: "hoeveel|welk aantal",
        Asks.LENGTH: "hoe lang|hoelang",
        Asks.MEASURE: "hoe hoog|hoe groot|hoe ver|hoe oud|hoe diep|hoe breed|hoe duur|hoe vaak|wat kost",
        Asks.YEAR: "welk jaar|welke jaren",
        Asks.WHY: "waarom|om welke reden",
        Asks.WHEN: "wanneer|welke datum|welke dag|welke maand|welke eeuw|hoe laat",
        Asks.WHO: "wie|wiens",
        Asks.WHERE: "waar|waarheen|waarvandaan",
        Asks.HOW: "hoe|op welke manier",
        Asks.WHICH: "welke|welk",
        Asks.WHAT: "wat",
    },
    "sv": {
        Asks.SHARE: "hur manga procent|hur stor andel|vilken andel",
        Asks.COUNT: "hur manga|vilket antal",
        Asks.LENGTH: "hur lange|hur lang",
        Asks.MEASURE: "hur mycket|hur hog|hur stor|hur gammal|hur langt|hur ofta",
        Asks.YEAR: "vilket ar|vilka ar",
        Asks.WHY: "varfor",
        Asks.WHEN: "nar|vilket datum|vilken dag|vilken manad|vilket arhundrade",
        Asks.WHO: "vem|vilka personer|vems",
        Asks.WHERE: "var|varifran|vart",
        Asks.HOW: "hur|pa vilket satt",
        Asks.WHICH: "vilken|vilket|vilka",
        Asks.WHAT: "vad",
    },
    "da": {
        Asks.COUNT: "hvor mange",
        Asks.LENGTH: "hvor lang tid|hvor lenge|hvor laenge",
        Asks.MEASURE: "hvor meget|hvor mye|hvor stor|hvor hoj|hvor gammel|hvor langt|hvor ofte",
        Asks.YEAR: "hvilket ar|hvilke ar",
        Asks.WHY: "hvorfor",
        Asks.WHEN: "hvornar|nar|hvilken dato|hvilken dag",
        Asks.WHO: "hvem|hvis",
        Asks.WHERE: "hvor",
        Asks.HOW: "hvordan",
        Asks.WHICH: "hvilken|hvilket|hvilke",
        Asks.WHAT: "hvad|hva",
    },
    "ro": {
        Asks.SHARE: "ce procent|ce procentaj|ce parte",
        Asks.COUNT: "cati|cate|ce numar|care este numarul|cat de multi|cat de multe",
        Asks.LENGTH: "cat timp|cat dureaza|cat a durat",
        Asks.MEASURE: "cat|cata|cat de|ce inaltime|ce distanta|ce varsta|ce suma",
        Asks.YEAR: "ce an|ce ani|care an",
        Asks.WHY: "de ce|din ce motiv|din ce cauza|care este motivul",
        Asks.WHEN: "cand|ce data|ce zi|ce luna|ce secol|ce deceniu|ce ora",
        Asks.WHO: "cine|cui|ale cui|al cui|pe cine",
        Asks.WHERE: "unde|ce loc|din ce loc",
        Asks.HOW: "cum|in ce fel|in ce mod",
        Asks.WHICH: "care|carui|carei",
        Asks.WHAT: "ce",
    },
    "pl": {
        Asks.COUNT: "ile|ilu|jaka liczba",
        Asks.LENGTH: "jak dlugo|ile czasu",
        Asks.MEASURE: "jak duzo|jak wysok*|jak daleko|jak duz*|ile kosztuje|jak czesto",
        Asks.YEAR: "ktorym roku|ktory rok",
        Asks.WHY: "dlaczego|czemu|z jakiego powodu",
        Asks.WHEN: "kiedy|jakiego dnia|ktorego dnia|o ktorej|ktorym wieku",
        Asks.WHO: "kto|kogo|komu|kim",
        Asks.WHERE: "gdzie|skad|dokad",
        Asks.HOW: "jak|w jaki sposob",
        Asks.WHICH: "ktory|ktora|ktore|ktorych|ktorym|jaki|jaka|jakie|jakich|jakim",
        Asks.WHAT: "co|czego|czym",
    },
    "tr": {
        Asks.SHARE: "yuzde kac*",
        Asks.COUNT: "kac|kac tane|ne kadar sayida",
        Asks.LENGTH: "ne kadar sure*|kac yil|kac gun",
        Asks.MEASURE: "ne kadar|kac metre|kac yasinda",
        Asks.YEAR: "hangi yil*|kac yilinda",
        Asks.WHY: "neden|niye|nicin",
        Asks.WHEN: "ne zaman|hangi tarih*|hangi gun|hangi ay|hangi yuzyil*|saat kac*",
        Asks.WHO: "kim|kimi|kime|kimin|kimler*|kimdir|kimdi",
        Asks.WHERE: "nerede|nereye|nereden|nerededir|nerede*|neresi",
        Asks.HOW: "nasil",
        Asks.WHICH: "hangi|hangisi",
        Asks.WHAT: "ne|nedir|neyi|neler|nelerdir|neye|neydi",
    },
    "ru": {
        Asks.SHARE: "какой процент|сколько процентов|какая доля|какую долю",
        Asks.COUNT: "сколько|какое количество|каково количество",
        Asks.LENGTH: "как долго|сколько времени|как давно",
        Asks.MEASURE: "какова высота|какова длина|насколько|какого размера|сколько стоит|какова температура",
        Asks.YEAR: "каком году|какой год|какие годы|какому году|какого года|каких годах",
        Asks.WHY: "почему|зачем|отчего|по какой причине|какова причина|из за чего",
        Asks.WHEN: "когда|какого числа|какая дата|какой день|каком веке|каком месяце|какое время|каком десятилетии",
        Asks.WHO: "кто|кого|кому|кем|чей|чья|чье|чьи|ком",
        Asks.WHERE: "где|куда|откуда|каком месте",
        Asks.HOW: "как|каким образом|каким способом",
        Asks.WHICH: "какой|какая|какое|какие|каких|какими|каким|какую|какого|каком|какому|который|которая",
        Asks.WHAT: "что|чего|чему|чем|каков|какова|каково|каковы|назовите",
    },
    "uk": {
        Asks.COUNT: "скільки",
        Asks.LENGTH: "як довго",
        Asks.YEAR: "якому році",
        Asks.WHY: "чому|навіщо",
        Asks.WHEN: "коли",
        Asks.WHO: "хто|кого|кому|ким",
        Asks.WHERE: "де|куди|звідки",
        Asks.HOW: "як",
        Asks.WHICH: "який|яка|яке|які",
        Asks.WHAT: "що|чого",
    },
    "el": {
        Asks.SHARE: "ποιο ποσοστο|τι ποσοστο",
        Asks.COUNT: "ποσοι|ποσες|ποσα|ποσους|ποσων|ποιος ειναι ο αριθμος|τι αριθμο",
        Asks.LENGTH: "ποσο καιρο|ποση ωρα|ποσο διαρκ*|ποσο χρονο",
        Asks.MEASURE: "ποσο|ποση|ποσον|τι υψος|ποσο κοστιζει|ποια ειναι η θερμοκρασια",
        Asks.YEAR: "ποιο ετος|ποια χρονια|ποιο χρονο|τι ετος",
        Asks.WHY: "γιατι|για ποιο λογο|ποιος ηταν ο λογος|ποιος ειναι ο λογος",
        Asks.WHEN: "ποτε|ποια ημερομηνια|ποια μερα|ποια ημερα|ποιον αιωνα|ποιο μηνα|ποια δεκαετια",
        Asks.WHO: "ποιος|ποιον|ποιοι|ποιους|ποιανου|τινος",
        Asks.WHERE: "που|απο που|ποιο μερος",
        Asks.HOW: "πως|με ποιον τροπο",
        Asks.WHICH: "ποια|ποιο|ποιες|ποιας|ποιων|ποιου",
        Asks.WHAT: "τι",
    },
    "ar": {
        Asks.SHARE: "كم نسبة|ما النسبة|ما هي نسبة|ما نسبة|ما هي النسبة",
        Asks.COUNT: "كم|كم عدد|ما عدد|ما هو عدد",
        Asks.LENGTH: "كم من الوقت|كم استمر*|ما المدة|كم المدة|ما هي المدة",
        Asks.MEASURE: "كم يبلغ|كم تبلغ|ما مقدار|ما حجم|ما ارتفاع|ما طول|ما هو حجم",
        Asks.YEAR: "اي عام|اي سنة|ما العام|ما السنة|ما هو العام|اي الاعوام",
        Asks.WHY: "لماذا|لم|ما سبب|ما السبب|ما هو سبب|ما هو السبب",
        Asks.WHEN: "متى|اي تاريخ|ما تاريخ|اي يوم|اي شهر|اي قرن|ما التاريخ|ما هو تاريخ",
        Asks.WHO: "من هو|من هي|من الذي|من هم|من كان|من قام|لمن",
        Asks.WHERE: "اين|اي مكان|من اين",
        Asks.HOW: "كيف|باي طريقة",
        Asks.WHICH: "اي|اية|ايهما",
        Asks.WHAT: "ما|ماذا|ما هو|ما هي|بماذا|بم",
    },
    "hi": {
        Asks.SHARE: "कितने प्रतिशत|कितना प्रतिशत",
        Asks.COUNT: "कितने|कितनी|कितनों",
        Asks.LENGTH: "कितने समय|कितने साल|कितने दिन|कितनी देर|कब तक",
        Asks.MEASURE: "कितना|कितनी दूर|कितना बड़ा",
        Asks.YEAR: "किस वर्ष|किस साल|कौन से वर्ष|कौन से साल",
        Asks.WHY: "क्यों|किस कारण|किस वजह",
        Asks.WHEN: "कब|किस तारीख|किस दिन|किस महीने|किस सदी|किस दशक",
        Asks.WHO: "कौन|किसने|किसे|किसको|किसका|किसकी|किसके|किन्होंने",
        Asks.WHERE: "कहाँ|कहां|किस जगह|किस स्थान",
        Asks.HOW: "कैसे|किस प्रकार|किस तरह",
        Asks.WHICH: "कौनसा|कौनसी|कौन सा|कौन सी|कौन से|किस|किन",
        Asks.WHAT: "क्या|कैसा",
    },
    "vi": {
        Asks.SHARE: "bao nhieu phan tram|ty le bao nhieu",
        Asks.COUNT: "bao nhieu|may",
        Asks.LENGTH: "bao lau|trong bao lau",
        Asks.MEASURE: "cao bao nhieu|bao xa|bao nhieu tien|nhu the nao",
        Asks.YEAR: "nam nao|vao nam nao",
        Asks.WHY: "tai sao|vi sao|ly do",
        Asks.WHEN: "khi nao|ngay nao|thang nao|the ky nao|luc nao|bao gio",
        Asks.WHO: "ai|nguoi nao|la ai",
        Asks.WHERE: "o dau|noi nao|dau|tu dau",
        Asks.HOW: "the nao|bang cach nao|lam the nao",
        Asks.WHICH: "nao",
        Asks.WHAT: "gi|cai gi|la gi",
    },
    "th": {
        Asks.SHARE: "กี่เปอร์เซ็นต์|ร้อยละเท่าไร|ร้อยละเท่าไหร่",
        Asks.COUNT: "กี่|จำนวนเท่าไร|จำนวนเท่าไหร่",
        Asks.LENGTH: "นานเท่าไร|นานเท่าไหร่|นานแค่ไหน|กี่ปี",
        Asks.MEASURE: "เท่าไร|เท่าไหร่|เท่าใด|แค่ไหน",
        Asks.YEAR: "ปีใด|ปีไหน|ปีอะไร",
        Asks.WHY: "ทำไม|เพราะอะไร|เพราะเหตุใด|เหตุใด|สาเหตุ",
        Asks.WHEN: "เมื่อไร|เมื่อไหร่|เมื่อใด|วันใด|วันไหน|วันที่เท่าไร|ศตวรรษใด|ศตวรรษที่เท่าไร|เดือนใด",
        Asks.WHO: "ใคร|ผู้ใด",
        Asks.WHERE: "ที่ไหน|ที่ใด",
        Asks.HOW: "อย่างไร|ยังไง|เช่นไร",
        Asks.WHICH: "ไหน|ใด",
        Asks.WHAT: "อะไร",
    },
    "zh": {
        Asks.SHARE: "百分之几|百分之多少|多大比例|什么比例",
        Asks.COUNT: "多少|几个|几名|几位|几次|几种|多少人",
        Asks.LENGTH: "多久|多长时间|几年|几天",
        Asks.MEASURE: "多高|多大|多远|多长|多深|多快|多少钱|多重",
        Asks.YEAR: "哪一年|哪年|哪些年|什么年份",
        Asks.WHY: "为什么|为何|什么原因|原因是什么",
        Asks.WHEN: "什么时候|何时|哪一天|什么日期|几月|哪个世纪|什么时间",
        Asks.WHO: "谁|哪位|何人",
        Asks.WHERE: "哪里|哪儿|在哪|何处|什么地方",
        Asks.HOW: "怎么|如何|怎样",
        Asks.WHICH: "哪个|哪些|哪种|哪一|哪",
        Asks.WHAT: "什么|何种",
    },
    "ja": {
        Asks.SHARE: "何パーセント|何割|何%",
        Asks.COUNT: "いくつ|何人|何個|何回|何件|何台|何冊|何本|何匹|何種類|何社",
        Asks.LENGTH: "どのくらいの期間|どれくらいの期間|何年間|何日間|何時間|何日|何週間|何か月|何ヶ月|何カ月",
        Asks.MEASURE: "いくら|どれくらい|どのくらい|何メートル|何キロ|何歳|何度",
        Asks.YEAR: "何年",
        Asks.WHY: "なぜ|どうして|何故|なんで",
        Asks.WHEN: "いつ|何月|何時|何世紀",
        Asks.WHO: "誰|だれ|どなた",
        Asks.WHERE: "どこ|何処",
        Asks.HOW: "どうやって|どのように|どう",
        Asks.WHICH: "どの|どれ|どちら|どんな",
        Asks.WHAT: "何|なに|なん",
    },
    "ko": {
        Asks.SHARE: "몇 퍼센트|몇 프로",
        Asks.COUNT: "몇|몇 명|몇 개",
        Asks.LENGTH: "얼마 동안|얼마나 오래|몇 년 동안",
        Asks.MEASURE: "얼마|얼마나|얼마입니까|얼마인가*",
        Asks.YEAR: "몇 년|어느 해",
        Asks.WHY: "왜",
        Asks.WHEN: "언제|몇 월|며칠",
        Asks.WHO: "누가|누구*",
        Asks.WHERE: "어디*",
        Asks.HOW: "어떻게",
        Asks.WHICH: "어느|어떤",
        Asks.WHAT: "무엇*|뭐|무슨",
    },
}  # fmt: skip


def asking_words() -> frozenset[str]:
    """The words that ask by themselves, folded: "who", "wann"; not the nouns of longer phrases."""
    phrases = (phrase for kinds in ASKING.values() for text in kinds.values() for phrase in text.split("|"))
    return frozenset(fold(phrase.replace("*", "")) for phrase in phrases if " " not in phrase) - {"name"}
