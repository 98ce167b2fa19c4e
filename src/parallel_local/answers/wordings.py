"""How people ask for and write common things: "employees" is asked for, "employs 45 people" is written.

A table in four languages, and how it is read; what fields a caller's schema has is parsed in `field_ask.py`. A word
with `*` stands for all that begin with it. Pure.
"""

from collections.abc import Sequence

import msgspec

from parallel_local.text.tokens import words

# kind | what a field is called | how documents say it; a line that is set in goes on with the one above
_ROWS = """
money|revenue,annual revenue,sales,turnover,umsatz,jahresumsatz,chiffre d affaires,chiffre affaires,
    ingresos,ventas,
    facturación|revenue*,sales,turnover,umsatz*,umgesetzt,chiffre affaires,ingresos,ventas,facturó,
    factura,facturación
money|profit,net income,earnings,gewinn,bénéfice,beneficio|profit*,net income,earnings,gewinn*,bénéfice*,
    beneficio*
money|price,cost,ticket price,fee,preis,kosten,prix,coût,tarif,precio,coste,costo|price*,cost*,fee*,priced,
    charges,preis*,kostet,kosten,prix,coûte*,coût*,tarif*,precio*,cuesta*,coste*,costo
money|rent,monthly rent,miete,kaltmiete,loyer,alquiler|rent*,miete*,monatsmiete,kaltmiete,loyer*,alquiler*
money|salary,wage,pay,gehalt,lohn,salaire,salario,sueldo|salar*,wage*,earns,paid,pays,pay,gehalt*,lohn,
    verdient,salaire*,sueldo*,gana
money|deposit,security deposit,kaution,caution,fianza,depósito|deposit*,kaution,mietkaution,caution,dépôt,
    fianza,depósito
money|funding,amount raised,raised,total funding,funding amount,investment,raised amount|raise*,raised,
    funding,secured,investment,collected,eingesammelt,levé,recaudó,levée,finanzierung*
money|valuation|valuation,valued,bewertet,valorisée,valorada
money|budget|budget*,presupuesto
count|employees,employee count,headcount,staff,staff size,workforce,team size,mitarbeiter,mitarbeiterzahl,
    mitarbeitende,beschäftigte,effectif,salariés,employés,empleados,plantilla|team,employ*,emploie*,staff*,
    headcount,
    workforce,worker*,people work,works for it,mitarbeit*,beschäftig*,angestellt*,salarié*,effectif*,
    empleado*,emplea,trabajador*,plantilla,personen arbeiten
count|population,inhabitants,einwohner,einwohnerzahl,habitants,población,habitantes|population,inhabitant*,
    people live,resident*,home to,einwohner*,bewohner*,habitants,población,habitantes
count|pages,page count,seiten,seitenzahl,páginas|pages,page,seiten,páginas
count|floors,storeys,stories,stockwerke,étages,plantas,pisos|floors,storey*,stories,floor,stockwerk*,etage*,
    étage*,plantas,pisos
count|rooms,room count,zimmer,chambres,habitaciones|rooms,room,zimmer,chambres,habitaciones
count|seats,capacity,seating capacity,sitzplätze,plätze,places,asientos,aforo,kapazität,capacité,capacidad|
    seat*,capacity,holds,hold,plätze,sitzplätze,fasst,places,asientos,aforo,capacité,capacidad,kapazität
count|members,membership,mitglieder,membres,miembros,socios|member*,mitglied*,membres,miembros,socios
count|users,customers,clients,kunden,nutzer,clientes,usuarios|user*,customer*,client*,kunden,nutzer*,
    clientes,usuarios
count|visitors,attendance,spectators,besucher,besucherzahl,visiteurs,visitantes|visit*,attend*,spectator*,
    audience,came,besuch*,zuschauer*,visiteur*,spectateur*,visitant*,espectador*
count|servings,serves,portions,portionen,personen,personnes,raciones|serves,serving*,portion*,portionen,
    personen,personnes,raciones,personas
count|calories,kcal,kalorien,calorías|calorie*,kcal,kalorien,calorías
time|shelf life,haltbarkeit,conservation|keeps,keep,shelf life,haltbar,haltbarkeit,se conserve,conserva
percent|market share,marktanteil,part de marché,cuota de mercado|market share,share,marktanteil,
    part de marché,cuota
percent|growth,growth rate,annual growth,wachstum,croissance,crecimiento|grew,grow*,rose,increase*,wuchs,
    wachstum*,gewachsen,croissance,augment*,creció,crecimiento,aument*
length|height,elevation,höhe,hauteur,altura,tallness|height,high,tall,rises,elevation,above sea,altitude,
    stands,rises,über dem meer,hoch,höhe,haut,haute,hauteur,mesure,alto,alta,altura,mide
length|length,länge,longueur,longitud,largo|long,length,measures,misst,mesure,mide,lang,länge,longueur,
    longitud,larga,runs,stretches
length|width,breite,largeur,ancho,anchura|wide,width,breit,breite,large,largeur,ancho
length|depth,tiefe,profondeur,profundidad|deep,depth,tief,tiefe,profond*
length|distance,entfernung,distancia|distance,away,far,entfernt,entfernung,distancia,from
mass|weight,mass,gewicht,poids,peso|weigh*,weight,mass,heavy,wiegt,gewicht,schwer,pèse,poids,pesa,peso
area|area,surface,floor area,fläche,superficie,wohnfläche|area,cover*,surface,fläche,wohnfläche,superficie
celsius|temperature,oven temperature,temperatur,température,temperatura|temperature*,oven,degrees,°,
    temperatur*,ofen*,grad,température,four,temperatura,horno,bake*,backen,°C
time|duration,running time,runtime,length of stay,cooking time,baking time,dauer,durée,duración,laufzeit|
    duration,last*,take*,running time,runs for,long,term of,dauer*,dauert,laufzeit,durée,dure,duración,dura,
    cook*,bake*,backen,minutes
kmh|speed,top speed,geschwindigkeit,vitesse,velocidad|speed*,fast,geschwindigkeit,schnell,vitesse,velocidad
date|founded,founding,foundation,established,inception,incorporated,gegründet,gründung,gründungsjahr,
    gründungsdatum,fondée,fondé,fondation,création,fundada,fundado,fundación|founded,founding,established,
    set up,started,incorporated,began as,gegründet,gründung*,gründete,fondé*,créé*,fundad*,fundó,creada
date|opened,opening,eröffnet,eröffnung,ouverture,inauguration,apertura,inauguración|opened,opening,opens,
    open,inaugurated,eröffnet*,eröffnung,ouvert*,ouvre,inauguré*,inaugurad*,abrió,abre
date|launched,launch,released,release,erschienen,veröffentlicht,sortie,lanzamiento|launch*,release*,
    came out,introduced,debuted,appeared,erschien*,veröffentlicht*,sorti*,lanzó,lanzad*
date|published,publication,publication date|publish*,appeared,came out,erschien*,veröffentlicht*,publié*,
    publicad*
date|born,birth,birthday,geboren,geburtsdatum,geburtsjahr,naissance,né,nacimiento,nacido|born,birth,geboren,
    naissance,né,née,nació,nacid*
date|died,death,gestorben,décès,mort,fallecimiento|died,death,dies,gestorben,starb,mort*,décédé*,murió,
    falleció
date|built,construction,completed,completion,completion date,gebaut,baujahr,construit,construido,
    construcción|built,completed,finished,constructed,gebaut,erbaut,baujahr,fertiggestellt,construit*,
    achevé*,construid*,terminad*
date|signed,signature date,signing,unterzeichnet,signé,firmado|signed,unterzeichnet,unterschrieben,signé*,
    firmad*,firmó
date|start,starts,begins,beginning,start date,beginn,anfang,début,inicio|start*,begin*,began,commence*,from,
    beginn*,ab,début,inicio,empieza,comienza,partir
date|end,ends,expiry,expires,expiration,end date,ende,ablauf,fin,vencimiento|end*,expire*,until,terminat*,
    ablauf,bis,läuft,fin,termine,expire,jusqu au,vence,hasta
date|deadline,due,due date,frist,abgabe,échéance,plazo|deadline,due,no later,within,by,latest,binnen,
    innerhalb,frist,spätestens,bis,échéance,plazo
date|acquired,acquisition|acquired,bought,buys,acquisition,takeover,übernommen,gekauft,racheté*,adquirid*,
    comprad*
person|ceo,chief executive,chief executive officer,managing director,geschäftsführer,geschäftsführerin,
    vorstandsvorsitzender,pdg,directeur général,directrice générale,director general,directora general,
    consejero delegado|ceo,chief executive,managing director,led by,leads,headed by,heads,is run by,runs,
    geschäftsführ*,vorstandsvorsitzend*,geleitet,leitet,pdg,directeur général,directrice générale,dirige,
    dirigée par,director general,directora general,consejer* delegad*
person|founder,founders,founded by,gründer,gründerin,fondateur,fondatrice,fundador,fundadora|founder*,
    founded,co founded,started,set up,established,cofounder*,cofounded,set up by,established by,started by,
    gründer*,gegründet,gründete*,fondateur*,fondatrice*,fondé*,fundador*,fundad*,fundó,fundaron
person|cto,chief technology officer|cto,chief technology officer,chief technical officer,technischer leiter
person|cfo,chief financial officer|cfo,chief financial officer,finance chief,finanzchef*
person|chair,chairman,chairwoman,chairperson|chair*,vorsitz*,présidente du conseil
person|author,writer,written by,autor,autorin,auteur,autora,verfasser|author*,novel by,book by,story by,
    poem by,article by,report by,paper by,play by,song by,roman von,buch von,roman de,livre de,novela de,
    libro de,written,wrote,writer,autor*,verfasst,geschrieben,auteur*,écrit*,autora,escrit*,escribió
person|director,directed by,regisseur,réalisateur|director,directed,directs,led,leads,head of,heads,headed,
    regie,regisseur*,réalisé*,réalisat*,dirigid*,dirig*
person|architect,designer,designed by,architekt,architecte,arquitecto|architect*,designed,designer,
    entworfen,architekt*,conçu*,dessiné*,arquitect*,diseñad*
person|mayor,bürgermeister,bürgermeisterin,maire,alcalde,alcaldesa|mayor,bürgermeister*,maire,alcald*
person|coach,trainer,entraîneur,entrenador|coach*,coached,trainer*,trainiert,entraîn*,entren*
person|manager,head,lead,leader,leiter,leiterin,responsable,team lead|manage*,head,heads,headed,leads,
    led by,
    leader,run by,leiter*,leitet,geleitet,responsable,dirige
person|spouse,wife,husband,married to,ehefrau,ehemann,épouse,mari,esposa,esposo|married,marries,wife,
    husband,spouse,verheiratet,heiratete,ehefrau,ehemann,épouse,épousa,mari,marié*,casad*,casó,esposa,esposo
date|married,marriage,wedding,heirat,hochzeit,mariage,boda|married,marriage,wedding,heirat*,hochzeit,
    mariage,épousa,marié*,casó,boda
place|headquarters,headquarters city,headquarters location,hq,head office,seat,hauptsitz,firmensitz,sitz,
    siège,siège social,sede|headquarter*,based,head office,seat,hauptsitz,sitz,sitzt,siège*,sede,basée,basé,
    ansässig,con sede
place|location,located,city,town,country,ort,standort,stadt,land,lieu,ville,pays,lugar,ciudad,país,
    ubicación|located,lies,situated,based,stands,is in,located in,headquartered,city,town,country,liegt,
    steht,gelegen,befindet,sitz,situé*,trouve,basé*,ubicad*,encuentra,está en,sede
place|birthplace,place of birth,geburtsort,lieu de naissance,lugar de nacimiento|born,geboren,né,née,nació,
    nacid*
place|venue,veranstaltungsort|venue,held,takes place,took place,hosted,findet,statt,lieu,celebra,celebrará
place|address,office address,adresse,anschrift,dirección|address,adresse,anschrift,dirección,office at,
    located at
organisation|publisher,verlag,éditeur,editorial|publish*,verlag,éditeur,édité,publié*,editorial,publicad*
organisation|manufacturer,maker,producer,brand,hersteller,fabricant,fabricante|made by,maker,manufactur*,
    built by,produced,makes,hersteller,hergestellt,fabriqué*,fabricant*,fabricad*
organisation|parent,parent company,mother company,muttergesellschaft,société mère,matriz|parent,owned by,
    subsidiary of,part of,belongs,tochter*,gehört,mutter*,filiale,appartient,filial,pertenece
organisation|acquirer,buyer,acquired by,käufer|acquired,bought,buyer,acquirer,takes over,took over,
    übernommen,gekauft,racheté*,adquirid*,comprad*
organisation|employer,arbeitgeber,employeur|works for,works at,employer,employed,arbeitet,arbeitgeber,
    travaille,employeur,trabaja
organisation|lead investor,investor,investors|investor*,led by,led the,round led,invested,backed
organisation|supplier,vendor,lieferant,fournisseur,proveedor|suppl*,delivered,vendor,lieferant*,liefert,
    geliefert,fourni*,proveedor*
url|website,homepage,web site,url,site web,sitio web,webseite,webpage,web address|website,homepage,web,site,
    online,webseite,url,visit
email|email,e mail,mail,email address,correo,courriel,mailadresse|email,e mail,mail,write to,contact,correo,
    courriel
phone|phone,telephone,phone number,telefon,telefonnummer,téléphone,teléfono,tel|phone,telephone,call,
    telefon,tel,téléphone,teléfono,hotline,reach
flag|allowed,permitted,welcome,accepted,erlaubt,gestattet,autorisé,autorisés,admis,permitido,permitidos|
    allow*,permit*,may,can,welcome,admitted,accept*,take,takes,erlaubt,dürfen,darf,gestattet,zulässig,
    willkommen,admis*,autoris*,permis*,peuvent,peut,accepte*,bienvenu*,permitid*,permite*,admit*,pueden,
    puede,bienvenid*,acepta*,forbidden,prohibited,banned,verboten,interdit*,prohibid*
flag|covered,included,versichert,inbegriffen,inclus,incluido|cover*,includ*,versichert,inbegriffen,
    inklusive,inclus*,couvert*,incluid*,cubiert*
word|purchase,bought,purchased,kauf,gekauft,achat,acheté,compra,comprado|bought,purchase*,buy,buys,acquired,
    gekauft,kaufte,achet*,achat,compr*
word|annual,yearly,jährlich,annuel,anual|annual*,yearly,a year,per year,each year,every year,jährlich*,
    im jahr,pro jahr,par an,annuel*,al año,anual*
word|monthly,monatlich,mensuel,mensual|monthly,a month,per month,each month,every month,monat*,par mois,
    mensuel*,al mes,mensual*
word|limit,cap,höchstbetrag,obergrenze,plafond,límite,máximo|up to,at most,limit*,maximum,max,more than,
    exceed*,höchstens,bis zu,maximal,jusqu à,hasta,máximo
text|industry,sector,branche,secteur,sector|industry,sector,branche,secteur
text|material,werkstoff,matériau|made of,made from,material,besteht aus,aus,fait de,hecho de
"""


class Wording(msgspec.Struct, frozen=True):
    """One thing: its kind of value, what a field for it is called, and how documents say it, as folded words."""

    kind: str
    labels: tuple[tuple[str, ...], ...]
    said: tuple[tuple[str, ...], ...]


def _phrase(text: str) -> tuple[str, ...]:
    """Folded words; a final `*` of a word stays."""
    parts = []
    for part in text.split():
        folded = words(part.rstrip("*"))
        parts.extend([*folded[:-1], folded[-1] + ("*" if part.endswith("*") else "")] if folded else [])
    return tuple(parts)


def _read() -> tuple[Wording, ...]:
    found = []
    for row in _ROWS.strip().replace("\n    ", "").splitlines():
        kind, labels, said = row.split("|")
        phrases = tuple(filter(None, (_phrase(item) for item in said.split(","))))
        found.append(
            Wording(kind, tuple(filter(None, (_phrase(item) for item in labels.split(",")))), phrases)
        )
    return tuple(found)


WORDINGS = _read()


def wording(label: Sequence[str]) -> tuple[Wording, int, int] | None:
    """The thing that a label's words name, by its longest name in them, and where in them that stands."""
    best: tuple[Wording, int, int] | None = None
    for known in WORDINGS:
        for name in known.labels:
            for start in range(len(label) - len(name) + 1):
                if tuple(label[start : start + len(name)]) != name:
                    continue
                if best is None or len(name) > best[2] - best[1]:
                    best = (known, start, start + len(name))
    return best
