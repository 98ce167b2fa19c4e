"""A folder of our own writing, and questions about it: with an answer in it, and as close as one gets without.

Data only. Each answer is a piece of a document; each trap exchanges one thing that the documents do not say.
"""

FOLDER = {
    "handbook.md": """# Handbook

## Notice

The notice period is six weeks to the end of a quarter. During probation it is two weeks.

## Holidays

28 days a year, and public ones besides.

## Travel

Train tickets are booked by Paula Reyes. The travel budget is 40,000 euros a year.

## Opening hours

The workshop opens at 07:30:

- Monday to Thursday until 18:00
- Friday until 15:30
""",
    "mail.md": """# Mail outage

At 09:14 mails stopped. The disk of the relay was full. It was cleared at 10:40.
""",
    "print.md": """# Print outage

The toner had leaked into the tray. So the printer stopped on a Friday. It was replaced by Ines.
""",
    "garten.md": """# Garten

Die Tomaten kommen nach den Eisheiligen ins Freie, also ab dem 15. Mai. Die Gurken brauchen ein Netz.

## Kompost

Er wird zweimal im Jahr umgesetzt. Dr. Weber misst die Wärme am 3. Oktober.
""",
    "vertrag.md": """# Arbeitsvertrag

## Kündigung

Die Kündigungsfrist beträgt sechs Wochen zum Quartalsende. In der Probezeit sind es zwei Wochen.

## Urlaub

28 Tage im Jahr, dazu die Feiertage.
""",
    "jardin.md": """# Jardin

## Tomates

Elles sortent après les saints de glace, donc à partir du 15 mai. Les concombres ont besoin d'un filet.

## Congés

25 jours par an, et les jours fériés en plus.
""",
    "huerto.md": """# Huerto

## Vacaciones

22 días laborables al año, más los festivos.

## Correo

A las 9:14 se paró el correo. El disco del servidor estaba lleno.
""",
    "orto.md": """# Orto

I pomodori si piantano dopo il 15 maggio. L'acqua arriva dal pozzo di Marta Bassi.
""",
    "niwa.md": """# 庭

## トマト

トマトは五月十五日から外に植えます。きゅうりには網が必要です。

## 休暇

休暇は年に二十日です。
""",
    "dacha.md": """# Дача

Помидоры высаживают после 20 мая. Теплицу построил Олег Сомов в 1998 году.
""",
    "acme.md": """# Acme Robotics

Acme Robotics was founded in 2019 by Ada Fairweather in Norwick. It has 45 employees. The Eastham factory was built in
1990. Acme Robotics plans to open an office in Berlin in 2027. Acme Robotics did not buy Cinder Motion.
Revenue in 2021 was $3.5 million.
""",
    "borealis.md": """# Borealis Arms

Borealis Arms was founded in 2014. Its CEO is Bo Lindgren. The headquarters are in Westby.
""",
    "bread.md": """# Bread

The starter is called Igor. Feed it with rye every morning.
""",
}

# question, what an answer holds
ANSWERED: tuple[tuple[str, str], ...] = (
    ("What is the notice period during probation?", "two weeks"),
    ("What is the notice period?", "six weeks"),
    ("How many holidays do I get?", "28 days"),
    ("How many days of holidays are there?", "28 days"),
    ("Who books the train tickets?", "Paula Reyes"),
    ("How much is the travel budget?", "40,000 euros"),
    ("When does the workshop open?", "07:30"),
    ("How long is the workshop open on Friday?", "Friday until 15:30"),
    ("Why did mail stop?", "The disk of the relay was full."),
    ("Why did the mails stop?", "The disk of the relay was full."),
    ("Why did the printer stop?", "The toner had leaked into the tray."),
    ("When was the disk cleared?", "10:40"),
    ("Who replaced the printer?", "Ines"),
    ("Wann kommen die Tomaten raus?", "15. Mai"),
    ("Wann kommen die Tomaten ins Freie?", "15. Mai"),
    ("Wo brauche ich ein Netz?", "Die Gurken brauchen ein Netz."),
    ("Wofür brauche ich ein Netz?", "Die Gurken brauchen ein Netz."),
    ("Wie oft wird der Kompost umgesetzt?", "zweimal"),
    ("Wer misst die Wärme?", "Dr. Weber misst die Wärme am 3. Oktober."),
    ("Wie lang ist die Kündigungsfrist?", "sechs Wochen"),
    ("Wie lang ist die Kündigungsfrist in der Probezeit?", "zwei Wochen"),
    ("Wie viel Urlaub habe ich?", "28 Tage"),
    ("Quand sortent les tomates ?", "15 mai"),
    ("Où faut-il un filet ?", "Les concombres ont besoin d'un filet."),
    ("Combien de jours de congés ai-je ?", "25 jours"),
    ("¿Cuántos días de vacaciones tengo?", "22 días"),
    ("¿Por qué se paró el correo?", "El disco del servidor estaba lleno."),
    ("Quando si piantano i pomodori?", "15 maggio"),
    ("トマトはいつ植えますか？", "五月十五日"),
    ("きゅうりには何が必要ですか？", "網"),
    ("休暇は何日ですか？", "二十日"),
    ("Когда высаживают помидоры?", "20 мая"),
    ("Кто построил теплицу?", "Олег Сомов"),
    ("Who founded Acme Robotics?", "Ada Fairweather"),
    ("When was Acme Robotics founded?", "2019"),
    ("How many employees does Acme Robotics have?", "45 employees"),
    ("When was the Eastham factory built?", "1990"),
    ("What was the revenue of Acme Robotics in 2021?", "$3.5 million"),
    ("When does Acme Robotics plan to open an office in Berlin?", "2027"),
    ("Who is the CEO of Borealis Arms?", "Bo Lindgren"),
    ("Where are the headquarters of Borealis Arms?", "Westby"),
    ("What is the starter called?", "Igor"),
    ("What do I feed the starter with?", "rye"),
)

# A name, number, year or property is exchanged, or what is asked is denied or only planned.
UNANSWERED: tuple[str, ...] = (
    "What is the notice period during parental leave?",
    "Who books the hotel rooms?",
    "How much is the marketing budget?",
    "Who books the train tickets to Lisbon?",
    "Why did the telephone stop?",
    "Why did the scanner stop?",
    "When was the disk of the archive replaced?",
    "Wann kommen die Kürbisse ins Freie?",
    "Wie oft wird der Rasen gemäht?",
    "Wer misst die Feuchtigkeit?",
    "Wie viel Gehalt habe ich?",
    "Quand sortent les courgettes ?",
    "Combien de jours de formation ai-je ?",
    "¿Cuántos días de baja tengo?",
    "¿Por qué se paró el ascensor?",
    "Quando si piantano i carciofi?",
    "かぼちゃはいつ植えますか？",
    "Когда высаживают тыквы?",
    "Кто построил баню?",
    "Who founded Cinder Motion?",
    "Who founded Zeppelin Works?",
    "When was Zeppelin Works founded?",
    "What was the revenue of Acme Robotics in 2020?",
    "What was the revenue of Borealis Arms in 2021?",
    "When was the Eastham factory demolished?",
    "When was the Norwick factory built?",
    "When did Acme Robotics open an office in Berlin?",
    "When did Acme Robotics open an office in Madrid?",
    "When did Acme Robotics buy Cinder Motion?",
    "Who is the CFO of Borealis Arms?",
    "Who is the CEO of Acme Robotics?",
    "Where are the headquarters of Zeppelin Works?",
    "What is the sourdough hydration?",
    "How many employees does Borealis Arms have?",
)
