"""Function words and question words of the languages that notes are written in: words without content.

Two uses: the index and the queries leave them out, and a text is recognised by them. Written as people write
them; who compares folds them first. Nothing but tables.
"""

from collections.abc import Mapping

_ENGLISH = """
a about above after again all also am an and any are as at be because been before being below between both
but by can could did do does doing down during each few for from further had has have having he her here
hers him his how i if in into is it its itself just me more most my no nor not of off on once only or other
our out over own please same she should so some such tell than that the their them then there these they
this those through to too under until up us very was we were what when where which while who whom whose why
will with would you your give show find list describe explain create write make need want get let many much
"""
_GERMAN = """
der die das den dem des ein eine einer eines einem einen kein keine keiner keinen und oder aber sondern denn
doch auch nicht nur noch schon sehr so wie als wenn weil dass daß ob damit dann da dort hier ist sind war
waren wird werden wurde wurden worden sein bin bist seid hat haben hatte hatten habe kann können konnte muss
müssen musste soll sollen sollte will wollen darf mag macht ich du er sie es wir ihr mich dich sich uns euch
mir dir ihm ihn ihnen mein meine dein deine seine ihre unser unsere in im an am auf aus bei beim mit nach von
vom vor zu zum zur über unter durch für gegen ohne um bis seit während wegen zwischen dies diese dieser
dieses diesem diesen jede jeder jedes jener man alle alles etwas mehr etwa wer was wann wo woher wohin warum
wieso weshalb welche welcher welches welchem welchen wem wen wessen wieviel viele viel gibt bitte
"""
_FRENCH = """
le la les l un une des du de d et ou mais donc ni car ne n pas plus que qu qui quoi dont où à au aux en dans
par pour sur sous avec sans chez vers entre contre depuis pendant est sont était étaient été être suis es
sommes êtes a as ont avait avaient avoir ai avons avez sera seront ce cet cette ces c se s son sa ses leur
leurs mon ma mes ton ta tes notre nos votre vos je j tu il elle on nous vous ils elles me m te t lui y si
comme aussi très tout tous toute toutes même autre autres quand comment pourquoi combien quel quelle quels
quelles lequel laquelle fait faire peut peuvent doit doivent lors ainsi afin alors
"""
_SPANISH = """
el la los las un una unos unas lo y e o u pero sino ni que de del a al en con por para sin sobre entre hasta
desde hacia durante según contra es son era eran fue fueron ser sido está están estaba estar ha han había
habían haber hay se su sus mi mis tu tus nuestro nuestra yo tú él ella ellos ellas nosotros usted ustedes me
te le les nos os no sí más muy ya también como cuando donde si porque este esta estos estas ese esa esos esas
esto eso aquel aquella qué quién quiénes cuál cuáles cuándo cuánto cuánta cuántos cuántas dónde cómo todo
todos toda todas otro otra otros otras puede pueden tiene tienen
"""
_ITALIAN = """
il lo la i gli le l un uno una e ed o ma né che di del dello della dei degli delle d a al allo alla ai agli
alle da dal dallo dalla dai dagli dalle in nel nello nella nei negli nelle con su sul sullo sulla sui sugli
sulle per tra fra è sono era erano fu furono essere stato stata stati state sia ha hanno aveva avevano avere
ho si se ci non più molto anche come quando dove perché questo questa questi queste quello quella quelli
quelle suo sua suoi sue mio mia loro io tu lui lei noi voi mi ti vi ne chi cosa quale quali quanto quanta
quanti quante cui tutto tutti tutte altro altri può possono
"""
_PORTUGUESE = """
o a os as um uma uns umas e ou mas nem que de do da dos das em no na nos nas num numa por pelo pela pelos
pelas para com sem sobre entre até desde durante contra é são era eram foi foram ser sido está estão estava
estar há havia ter tem têm tinha se seu sua seus suas meu minha eu tu ele ela eles elas nós você vocês me te
lhe não sim mais muito já também como quando onde porque este esta estes estas esse essa esses essas isto
isso aquele aquela ao aos à às qual quais quem quanto quanta quantos quantas quê todo todos toda todas outro
outra outros outras pode podem
"""
_DUTCH = """
de het een en of maar want dus niet geen wel ook nog al zeer zo als dan toen dat die dit deze wat wie waar
wanneer waarom hoe welk welke hoeveel is zijn was waren ben bent wordt worden werd werden geworden heeft
hebben had hadden heb kan kunnen kon moet moeten zal zullen zou zouden mag wil ik jij je u hij zij ze we wij
jullie hem haar hun hen mij me mijn jouw ons onze in op aan uit van voor met bij naar om tot door over
onder tegen zonder tussen tijdens na te er hier daar men alle alles iets meer veel andere zich
"""
_SWEDISH = """
och eller men för att det den de en ett ej inte är var vara varit blir blev bli har hade ha kan kunde ska
skall skulle vill måste får jag du han hon vi ni dem sig mig dig oss min mitt mina din sin sitt sina hans
hennes deras vår i på av till från med om vid under över mellan genom utan efter före hos mot som när där här
hur vad vem vilka vilken vilket vilkas varför varifrån vart så också mycket mer än då nu denna detta dessa
alla allt andra någon något några ingen inga många
"""
_DANISH = """
og eller men for at det den de en et ej ikke er var være været bliver blev blive har havde have kan kunne skal
skulle vil ville må måtte får jeg du han hun vi i dem sig mig dig os min mit mine din sin sit sine hans hendes
deres vores på af til fra med om ved under over mellem gennem uden efter før hos mod som når der her hvor
hvordan hvad hvem hvilke hvilken hvilket hvis hvorfor hvornår så også meget mere end da nu denne dette disse
alle alt andre nogen noget nogle ingen mange
"""
_NORWEGIAN = """
og eller men for at det den de en ei et ikke er var være vært blir ble bli har hadde ha kan kunne skal skulle
vil ville må måtte får jeg du han hun vi dere dem seg meg deg oss min mitt mine din sin sitt sine hans hennes
deres vår på av til fra med om ved under over mellom gjennom uten etter før hos mot som når der her hvor
hvordan hva hvem hvilke hvilken hvilket hvorfor så også mye mer enn da nå denne dette disse alle alt andre
noen noe ingen mange
"""
_FINNISH = """
ja tai mutta sekä vaan ei en et emme ette eivät on olen olet ovat oli olivat ollut olla ole se ne hän he minä
sinä me te tämä tuo nämä nuo joka jotka jonka jota jossa jolla johon mikä mitä missä mistä mihin milloin
miten miksi kuka kuinka ketkä kenen minkä montako paljonko kun jos niin kuin että koska vaikka myös vain jo
vielä hyvin sen sitä siitä siinä sille niiden niitä hänen minun kanssa mukaan ilman ennen jälkeen sitten
välillä yli alle kaikki muu muut voi voivat pitää
"""
_RUSSIAN = """
и в во не что он на я с со как а то все она так его но да ты к у же вы за бы по только ее её мне было вот от
меня еще ещё нет о из ему теперь когда даже ну вдруг ли если уже или ни быть был него до вас нибудь опять уж
вам ведь там потом себя ничего ей может они тут где есть надо ней для мы тебя их чем была сам чтоб без будто
чего раз тоже себе под будет ж тогда кто этот эта это эти этих того потому этого какой какая какие какое
каким какую каком совсем ним здесь этом один почти мой тем чтобы нее были куда зачем всех можно при об
другой хоть после над больше тот через нас про них которая которые который которых которой много разве три
эту моя свою этой перед между сколько почему откуда чей чья является являются
"""
_TURKISH = """
ve veya ya da de ile ama fakat ancak için gibi kadar göre sonra önce daha çok en bir bu şu o bunlar şunlar
onlar ben sen biz siz beni seni onu bunu onun bunun benim senin bizim sizin kendi ne neden niçin niye nasıl
nerede nereden nereye kim kime kimin kimi hangi hangisi kaç ki mi mı mu mü değil var yok olan olarak olduğu
oldu olmuştur olur idi ise her hem hiç bazı tüm bütün diğer şey üzere tarafından arasında içinde üzerinde
"""
_ROMANIAN = """
și si sau dar ci iar că să de la în din pe cu pentru prin fără despre între sub după până spre este sunt era
erau fost fi am ai are au avea avem aveți a al ale lui ei lor său sa săi sale meu mea un o unui unei unor niște
cel cea cei cele acest această acești aceste acel acea acela aceea nu mai foarte tot toți toate și-a se își
îi îl le i-a ce cine care cui când unde cum câți câte cât câtă de-a eu tu el ea noi voi ele ca dacă deci
poate pot
"""
_HUNGARIAN = """
a az és vagy de hogy nem is csak már még meg ha mint egy ez azt ezt ennek annak ezek azok aki ami amely akik
amelyek amit amelyet ahol amikor ki kik mi mik mit kit hol hova honnan mikor miért hogyan hány mennyi melyik
milyen volt van vannak voltak lesz lett lehet kell én te ő ti ők minden után előtt között által szerint
alatt felett mellett nélkül el fel le be össze igen így úgy akkor itt ott nagyon több más sem volna
"""
_POLISH = """
i oraz a ale lub albo czy nie tak że żeby aby jak jako to ten ta te tego tej tych temu tym tymi ci w we z ze
na do od dla po przez przed za pod nad przy o u bez między jest są był była było były być będzie będą został
została zostały ma mają miał się siebie go jej jego ich mu im ja ty on ona ono my wy oni one mnie mi ciebie
który która które których którym którzy kto co kiedy gdzie skąd dokąd dlaczego czemu ile jaki jaka jakie jakich
czyj już też także tylko bardzo więcej może można gdy jeśli ponieważ
"""
_CZECH = """
a i ale nebo že aby jak jako to ten ta te toho té těch tomu tím v ve z ze na do od pro po přes před za pod nad
při o u bez mezi je jsou byl byla bylo byly být bude budou není má mají měl se si ho její jeho jejich mu jim já
ty on ona ono my vy oni který která které kterých kterým kteří kdo co kdy kde odkud kam proč kolik jaký jaká
jaké čí už také jen velmi více může lze když pokud protože
"""
_GREEK = """
ο η το οι τα του της των τον την τους τις στο στη στην στον στους στις στα και ή αλλά ότι πως που να θα δεν δε
μη μην σε με από για προς κατά μετά πριν χωρίς μεταξύ είναι ήταν έχει έχουν είχε είχαν ένα ένας μια μία ενός
μιας αυτό αυτός αυτή αυτά αυτές αυτοί αυτού αυτής αυτών εγώ εσύ εμείς εσείς μου σου μας σας ποιος ποια ποιο
ποιοι ποιες ποιον ποιους τι πότε πού γιατί πόσο πόσα πόσοι πόσες όπως όταν αν επίσης πολύ πιο όλα όλοι άλλο
άλλα ως κάθε
"""
_ARABIC = """
في من على إلى الى عن مع هذا هذه ذلك تلك هؤلاء التي الذي الذين اللذين اللاتي هو هي هم هن نحن أنا أنت كان كانت
كانوا يكون تكون ليس ليست قد لقد أن إن أنه إنه أنها لا ما لم لن و أو ثم بل لكن كما حيث عند عندما بعد قبل بين
خلال حتى منذ كل بعض غير أي أية ماذا متى أين كيف لماذا كم هل منها منه فيها فيه عليها عليه إليه له لها لهم به
بها بهم وقد وهو وهي ولا وكان وكانت تم يتم أيضا أيضًا
"""
_PERSIAN = """
و در به از که این آن را با است بود برای تا یا اما هم نیز بر هر یک خود شد شده می شود کرد کند باشد هستند بودند
دارد دارند داشت ما من تو او شما آنها ایشان چه کی کجا چرا چگونه چند کدام چیست کیست پس اگر ولی همه بی نه
"""
_HINDI = """
का के की को में से है हैं था थे थी और या पर ने एक यह वह ये वे इस उस इन उन जो जिस जिन तो भी ही हो होता होती होते
हुआ हुई हुए कर करने करता करते किया किए गया गई गए द्वारा लिए साथ बाद तक जब तब कि क्या कौन कब कहाँ कहां क्यों कैसे
किस किसने किसे किसके किसकी किसको कितना कितने कितनी कौनसा कौनसे नहीं न मैं हम तुम आप अपने अपना अपनी मेरा उसके उनके
इसके जैसे बहुत कुछ सभी रहा रहे रही लेकिन वाला वाले वाली जाता जाती
"""
_HEBREW = """
של את על אל אם או גם לא כי זה זאת זו הוא היא הם הן אני אתה אנחנו אתם היה היתה הייתה היו יש אין עם בין לפני
אחרי עד מן כל אשר כאשר אך אבל רק יותר מאוד מה מי מתי איפה היכן למה מדוע איך כיצד כמה איזה איזו אלה לו לה להם
"""
_VIETNAMESE = """
và hoặc nhưng là của có được bị cho với trong ngoài trên dưới từ đến ở tại về theo bởi vì do để mà thì nếu khi
như các những một này đó kia ấy không đã đang sẽ cũng rất hơn nhất lại ra vào tôi bạn anh chị họ nó chúng ta
ai gì nào đâu sao bao nhiêu mấy thế bằng sau trước giữa hay vẫn chỉ còn nên phải cả
"""
_INDONESIAN = """
yang dan di ke dari untuk pada dengan adalah ini itu atau tetapi tidak bukan juga dalam oleh sebagai akan telah
sudah ada karena jika saat ketika mereka dia ia kami kita saya anda apa siapa kapan mana dimana mengapa kenapa
bagaimana berapa para sebuah seorang lebih sangat bisa dapat hanya seperti antara setelah sebelum
"""
_CATALAN = """
el la els les l un una uns unes i o però que de del dels d a al als en amb per sense sobre entre fins des és són
era eren va van ser estat està ha han havia hi ho es se s seu seva seus seves no més molt també com quan on si
perquè aquest aquesta aquests aquestes què qui quin quina quins quines quant quants quantes
"""

_CHINESE_RUNS = """
为什么 什么时候 什么 怎么样 怎么 怎样 如何 哪里 哪儿 哪些 哪个 谁的 多少 什麼 為什麼 怎麼 哪裡 是否
"""
_JAPANESE_RUNS = """
どのように どうして いつ どこ どの どれ だれ 誰が なぜ なに 何が どんな いくつ いくら ですか ますか
"""
_THAI_RUNS = "เพราะเหตุใด อย่างไร เมื่อไหร่ เมื่อใด ที่ไหน ทำไม อะไร ใคร เท่าไหร่ เท่าใด กี่ หรือไม่ ไหน ใด"
_KOREAN_RUNS = "무엇을 무엇이 무엇 누구 언제 어디서 어디 어떻게 어떤 얼마나 몇 왜 입니까 습니까 인가요 인가"
_SMALL_TALK = (
    "hello hi hey greetings good morning afternoon evening thanks thank howdy bye goodbye ok okay yo dear"
)
_FRESHNESS = "recent recently latest newest current currently new today"

STOPWORDS_BY_LANGUAGE: Mapping[str, tuple[str, ...]] = {
    "en": tuple(_ENGLISH.split()),
    "de": tuple(_GERMAN.split()),
    "fr": tuple(_FRENCH.split()),
    "es": tuple(_SPANISH.split()),
    "it": tuple(_ITALIAN.split()),
    "pt": tuple(_PORTUGUESE.split()),
    "nl": tuple(_DUTCH.split()),
    "sv": tuple(_SWEDISH.split()),
    "da": tuple(_DANISH.split()),
    "nb": tuple(_NORWEGIAN.split()),
    "fi": tuple(_FINNISH.split()),
    "ru": tuple(_RUSSIAN.split()),
    "tr": tuple(_TURKISH.split()),
    "ro": tuple(_ROMANIAN.split()),
    "hu": tuple(_HUNGARIAN.split()),
    "pl": tuple(_POLISH.split()),
    "cs": tuple(_CZECH.split()),
    "el": tuple(_GREEK.split()),
    "ar": tuple(_ARABIC.split()),
    "fa": tuple(_PERSIAN.split()),
    "hi": tuple(_HINDI.split()),
    "he": tuple(_HEBREW.split()),
    "vi": tuple(_VIETNAMESE.split()),
    "id": tuple(_INDONESIAN.split()),
    "ca": tuple(_CATALAN.split()),
}
# Of languages written without blanks, or with endings on every word: runs that carry no content.
STOP_RUNS: Mapping[str, tuple[str, ...]] = {
    "zh": tuple(_CHINESE_RUNS.split()),
    "ja": tuple(_JAPANESE_RUNS.split()),
    "th": tuple(_THAI_RUNS.split()),
    "ko": tuple(_KOREAN_RUNS.split()),
}
SMALL_TALK = frozenset(_SMALL_TALK.split())
FRESHNESS = frozenset(_FRESHNESS.split())
