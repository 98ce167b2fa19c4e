"""How people ask for and write common things: "employees" is asked for, "employs 45 people" is written.

A table in English, German, French, Spanish and Italian, and how it is read; a caller's schema is read in
`field_ask.py`. A word with `*` stands for all that begin with it. Pure.
"""

from collections.abc import Sequence

import msgspec

from parallel_local.text.tokens import words

# kind | what a field is called | how documents say it; a line that is set in goes on with the one above
_ROWS = """
money|revenue,annual revenue,sales,turnover,umsatz,jahresumsatz,chiffre d affaires,chiffre affaires,
    ingresos,ventas,facturación,ricavi,fatturato|revenue*,sales,turnover,umsatz*,umgesetzt,chiffre affaires,
    ingresos,ventas,facturó,factura,facturación,ricavi,fatturato,fatturat*
money|profit,net income,earnings,gewinn,bénéfice,beneficio,utile,utile netto,profitto,guadagno|profit*,
    net income,earnings,gewinn*,bénéfice*,beneficio*,utile,utili,profitto
money|price,cost,ticket price,fee,preis,kosten,prix,coût,tarif,precio,coste,costo,prezzo,tariffa,
    biglietto|price*,cost*,fee*,priced,charges,preis*,kostet,kosten,prix,coûte*,coût*,tarif*,precio*,
    cuesta*,coste*,costo,prezz*,costa,costi,tariff*,quota,entrée,entrada,ingresso
money|rent,monthly rent,miete,kaltmiete,loyer,alquiler,affitto,canone|rent*,miete*,monatsmiete,kaltmiete,
    loyer*,alquiler*,affitt*,canone
money|salary,wage,pay,gehalt,lohn,salaire,salario,sueldo,stipendio|salar*,wage*,earns,paid,pays,pay,gehalt*,
    lohn,verdient,salaire*,sueldo*,gana,stipendi*,guadagna
money|deposit,security deposit,kaution,caution,fianza,depósito,cauzione,deposito|deposit*,kaution,
    mietkaution,caution,dépôt,fianza,depósito,cauzione,deposito
money|funding,amount raised,raised,total funding,funding amount,investment,raised amount|raise*,raised,
    funding,secured,investment,collected,eingesammelt,levé,recaudó,levée,finanzierung*
money|valuation|valuation,valued,bewertet,valorisée,valorada
money|budget,bilancio preventivo|budget*,presupuesto,budget
count|employees,employee count,headcount,staff,staff size,workforce,team size,mitarbeiter,mitarbeiterzahl,
    mitarbeitende,beschäftigte,effectif,salariés,employés,empleados,plantilla,dipendenti,addetti,organico|
    team,employ*,emploie*,staff*,headcount,workforce,worker*,people work,works for it,mitarbeit*,
    beschäftig*,angestellt*,salarié*,effectif*,empleado*,emplea,trabajador*,plantilla,personen arbeiten,
    dipendent*,addett*,impieg*
count|population,inhabitants,einwohner,einwohnerzahl,habitants,población,habitantes,abitanti,popolazione|
    population,inhabitant*,people live,resident*,home to,einwohner*,bewohner*,habitants,población,
    habitantes,abitant*
count|pages,page count,seiten,seitenzahl,páginas,pagine|pages,page,seiten,páginas,pagin*
count|floors,storeys,stories,stockwerke,étages,plantas,pisos,piani|floors,storey*,stories,floor,stockwerk*,
    etage*,étage*,plantas,pisos,pian*
count|rooms,room count,zimmer,chambres,habitaciones,camere,stanze|rooms,room,zimmer,chambres,habitaciones,
    camer*,stanz*,zimmern
count|seats,capacity,seating capacity,sitzplätze,plätze,places,asientos,aforo,kapazität,capacité,capacidad,
    posti,capienza|seat*,capacity,holds,hold,plätze,sitzplätze,fasst,places,asientos,aforo,capacité,
    capacidad,kapazität,posti,capienza,takes,take,carries,accommodates
count|members,membership,mitglieder,membres,miembros,socios,soci,iscritti,membri|member*,mitglied*,membres,
    miembros,socios,soci,iscritt*,membr*
count|users,customers,clients,kunden,nutzer,clientes,usuarios,utenti,clienti|user*,customer*,client*,kunden,
    nutzer*,clientes,usuarios,utent*
count|visitors,attendance,spectators,besucher,besucherzahl,visiteurs,visitantes,visitatori,spettatori,
    presenze|visit*,attend*,spectator*,audience,came,besuch*,zuschauer*,visiteur*,spectateur*,visitant*,
    espectador*,visitator*,spettator*,presenze
count|servings,serves,portions,portionen,personen,personnes,raciones,porzioni|serves,serving*,portion*,
    portionen,personen,personnes,raciones,personas,porzion*,person*
count|calories,kcal,kalorien,calorías,calorie|calorie*,kcal,kalorien,calorías,calori*
time|shelf life,haltbarkeit,conservation|keeps,keep,shelf life,haltbar,haltbarkeit,se conserve,conserva
percent|market share,marktanteil,part de marché,cuota de mercado,quota di mercato|market share,share,
    marktanteil,part de marché,cuota,quota
percent|growth,growth rate,annual growth,wachstum,croissance,crecimiento,crescita|grew,grow*,rose,increase*,
    wuchs,wachstum*,gewachsen,croissance,augment*,creció,crecimiento,aument*,cresc*
length|height,elevation,höhe,hauteur,altura,tallness,altezza,altitudine,quota,altitude,altitud|height,high,
    tall,rises,elevation,above sea,altitude,stands,über dem meer,hoch,höhe,haut,haute,hauteur,mesure,alto,
    alta,altura,mide,altezza,misura
length|length,länge,longueur,longitud,largo,lunghezza|long,length,measures,misst,mesure,mide,lang,länge,
    longueur,longitud,larga,runs,stretches,lungo,lunga,lunghezza,misura,longue
length|width,breite,largeur,ancho,anchura,larghezza|wide,width,breit,breite,large,largeur,ancho,largo,larga,
    larghezza
length|depth,tiefe,profondeur,profundidad,profondità|deep,depth,tief,tiefe,profond*
length|distance,entfernung,distancia,distanza|distance,away,far,entfernt,entfernung,distancia,from,distanza,
    dista,su
mass|weight,mass,gewicht,poids,peso|weigh*,weight,mass,heavy,wiegt,gewicht,schwer,pèse,poids,pesa,peso,
    pesava,pesano,weighs,wog,wogen,pesait,pesaba
area|area,surface,floor area,fläche,superficie,wohnfläche|area,cover*,surface,fläche,wohnfläche,superficie,
    superfici*,étend,erstreckt,extends,extiende,estende
celsius|temperature,oven temperature,temperatur,température,temperatura|temperature*,oven,degrees,°,
    temperatur*,ofen*,grad,température,four,temperatura,horno,bake*,backen,°C,gradi,forno
time|duration,running time,runtime,length of stay,cooking time,baking time,dauer,durée,duración,laufzeit,
    durata|duration,last*,take*,running time,runs for,long,term of,dauer*,dauert,laufzeit,durée,dure,
    duración,dura,cook*,bake*,backen,minutes,durata,durano,durò
kmh|speed,top speed,geschwindigkeit,vitesse,velocidad,velocità|speed*,fast,geschwindigkeit,schnell,vitesse,
    velocidad,velocità,does
date|founded,founding,foundation,established,inception,incorporated,gegründet,gründung,gründungsjahr,
    gründungsdatum,fondée,fondé,fondation,création,fundada,fundado,fundación,fondata,fondato,fondazione,
    anno di fondazione|founded,founding,established,set up,started,incorporated,began as,gegründet,
    gründung*,gründete,fondé*,créé*,fundad*,fundó,creada,fondat*,nacque,nata,nato
date|opened,opening,eröffnet,eröffnung,ouverture,inauguration,apertura,inauguración,inaugurazione,
    inaugurato|opened,opening,opens,open,inaugurated,eröffnet*,eröffnung,ouvert*,ouvre,inauguré*,inaugurad*,
    abrió,abre,inaugurat*,apert*,aprì
date|launched,launch,released,release,erschienen,veröffentlicht,sortie,lanzamiento|launch*,release*,
    came out,introduced,debuted,appeared,erschien*,veröffentlicht*,sorti*,lanzó,lanzad*
date|published,publication,publication date,pubblicazione,pubblicato|publish*,appeared,came out,erschien*,
    veröffentlicht*,publié*,publicad*,pubblicat*,uscit*
date|born,birth,birthday,geboren,geburtsdatum,geburtsjahr,naissance,né,nacimiento,nacido,nascita,nato,nata,
    data di nascita|born,birth,geboren,naissance,né,née,nació,nacid*,nato,nata,nacque
date|died,death,gestorben,décès,mort,fallecimiento,morte,morto|died,death,dies,gestorben,starb,mort*,
    décédé*,murió,falleció,morì
date|built,construction,completed,completion,completion date,gebaut,baujahr,construit,construido,
    construcción,costruzione,costruito,année de construction|built,completed,finished,constructed,gebaut,
    erbaut,baujahr,fertiggestellt,construit*,achevé*,construid*,terminad*,costruit*,edificat*,erett*,bâti*,
    errichtet
date|signed,signature date,signing,unterzeichnet,signé,firmado,firma,firmato|signed,unterzeichnet,
    unterschrieben,signé*,firmad*,firmó,firmat*
date|start,starts,begins,beginning,start date,beginn,anfang,début,inicio,inizio|start*,begin*,began,
    commence*,from,beginn*,ab,début,inicio,empieza,comienza,partir,inizi*,comincia,dal
date|end,ends,expiry,expires,expiration,end date,ende,ablauf,fin,vencimiento,fine,scadenza|end*,expire*,
    until,terminat*,ablauf,bis,läuft,fin,termine,expire,jusqu*,fino,vence,hasta,fine,scade,scadenza,finisce
date|deadline,due,due date,frist,abgabe,échéance,plazo,termine,scadenza|deadline,due,no later,within,by,
    latest,binnen,innerhalb,frist,spätestens,bis,échéance,plazo,entro,termine,scadenza,zahlbar
date|acquired,acquisition|acquired,bought,buys,acquisition,takeover,übernommen,gekauft,racheté*,adquirid*,
    comprad*
person|ceo,chief executive,chief executive officer,managing director,geschäftsführer,geschäftsführerin,
    vorstandsvorsitzender,pdg,directeur général,directrice générale,director general,directora general,
    consejero delegado|ceo,chief executive,managing director,led by,leads,headed by,heads,is run by,runs,
    geschäftsführ*,vorstandsvorsitzend*,geleitet,leitet,pdg,directeur général,directrice générale,dirige,
    dirigée par,director general,directora general,consejer* delegad*
person|founder,founders,founded by,gründer,gründerin,fondateur,fondatrice,fundador,fundadora,fondatore|
    founder*,founded,co founded,started,set up,established,cofounder*,cofounded,set up by,established by,
    started by,gründer*,gegründet,gründete*,fondateur*,fondatrice*,fondé*,fundador*,fundad*,fundó,fundaron,
    fondator*,fondatric*,fondat*,fondò
person|cto,chief technology officer|cto,chief technology officer,chief technical officer,technischer leiter
person|cfo,chief financial officer|cfo,chief financial officer,finance chief,finanzchef*
person|chair,chairman,chairwoman,chairperson|chair*,vorsitz*,présidente du conseil
person|author,writer,written by,autor,autorin,auteur,autora,verfasser,autore,autrice,auteure|author*,
    novel by,book by,story by,poem by,article by,report by,paper by,play by,song by,roman von,buch von,
    roman de,livre de,novela de,libro de,written,wrote,writer,autor*,verfasst,geschrieben,auteur*,écrit*,
    autora,escrit*,escribió,autric*,scritt*
person|director,directed by,regisseur,réalisateur,direttore,direttrice,regista,directora,directrice,
    directeur|director,directed,directs,led,leads,head of,heads,headed,regie,regisseur*,réalisé*,réalisat*,
    dirigid*,dirig*,dirett*,regia,diretto,diretta
person|architect,designer,designed by,architekt,architecte,arquitecto,architetto|architect*,designed,
    designer,entworfen,architekt*,conçu*,dessiné*,arquitect*,diseñad*,architett*,progett*
person|mayor,bürgermeister,bürgermeisterin,maire,alcalde,alcaldesa,sindaco,sindaca|mayor,bürgermeister*,
    maire,alcald*,sindac*
person|coach,trainer,entraîneur,entrenador,allenatore,allenatrice|coach*,coached,trainer*,trainiert,
    entraîn*,entren*,allena*
person|manager,head,lead,leader,leiter,leiterin,responsable,team lead,responsabile,leitung,führung|manage*,
    head,heads,headed,leads,led by,leader,run by,leiter*,leitet,geleitet,responsable,dirige,responsabil*,
    leitung
person|spouse,wife,husband,married to,ehefrau,ehemann,épouse,mari,esposa,esposo|married,marries,wife,
    husband,spouse,verheiratet,heiratete,ehefrau,ehemann,épouse,épousa,mari,marié*,casad*,casó,esposa,esposo
date|married,marriage,wedding,heirat,hochzeit,mariage,boda|married,marriage,wedding,heirat*,hochzeit,
    mariage,épousa,marié*,casó,boda
place|headquarters,headquarters city,headquarters location,hq,head office,seat,hauptsitz,firmensitz,sitz,
    siège,siège social,sede|headquarter*,based,head office,seat,hauptsitz,sitz,sitzt,siège*,sede,basée,basé,
    ansässig,con sede
place|location,located,city,town,country,ort,standort,stadt,land,lieu,ville,pays,lugar,ciudad,país,
    ubicación,luogo,città,paese|located,lies,situated,based,stands,is in,located in,headquartered,city,town,
    country,liegt,steht,gelegen,befindet,sitz,situé*,trouve,basé*,ubicad*,encuentra,está en,sede,si trova,
    situat*
place|birthplace,place of birth,geburtsort,lieu de naissance,lugar de nacimiento|born,geboren,né,née,nació,
    nacid*
place|venue,veranstaltungsort|venue,held,takes place,took place,hosted,findet,statt,lieu,celebra,celebrará
place|address,office address,adresse,anschrift,dirección,indirizzo|address,adresse,anschrift,dirección,
    office at,located at,indirizzo,via
organisation|publisher,verlag,éditeur,editorial,editore|publish*,verlag,éditeur,édité,publié*,editorial,
    publicad*,editore,pubblicat*
organisation|manufacturer,maker,producer,brand,hersteller,fabricant,fabricante,produttore|made by,maker,
    manufactur*,built by,produced,makes,hersteller,hergestellt,fabriqué*,fabricant*,fabricad*,prodott*,
    costruttore
organisation|parent,parent company,mother company,muttergesellschaft,société mère,matriz|parent,owned by,
    subsidiary of,part of,belongs,tochter*,gehört,mutter*,filiale,appartient,filial,pertenece
organisation|acquirer,buyer,acquired by,käufer|acquired,bought,buyer,acquirer,takes over,took over,
    übernommen,gekauft,racheté*,adquirid*,comprad*
organisation|employer,arbeitgeber,employeur|works for,works at,employer,employed,arbeitet,arbeitgeber,
    travaille,employeur,trabaja
organisation|lead investor,investor,investors|investor*,led by,led the,round led,invested,backed
organisation|supplier,vendor,lieferant,fournisseur,proveedor,fornitore|suppl*,delivered,vendor,lieferant*,
    liefert,geliefert,fourni*,proveedor*,fornit*
url|website,homepage,web site,url,site web,sitio web,webseite,webpage,web address,sito,sito web|website,
    homepage,web,site,online,webseite,url,visit,sito
email|email,e mail,mail,email address,correo,courriel,mailadresse|email,e mail,mail,write to,contact,correo,
    courriel
phone|phone,telephone,phone number,telefon,telefonnummer,téléphone,teléfono,tel,telefono|phone,telephone,
    call,telefon,tel,téléphone,teléfono,hotline,reach,telefono
flag|allowed,permitted,welcome,accepted,erlaubt,gestattet,autorisé,autorisés,admis,permitido,permitidos,
    ammesso,ammessi,permesso,consentito,ammessa,ammesse,permessa,permesse,autorisée,autorisées,admise,
    admises,permitida,permitidas,admitidos,admitidas|allow*,permit*,may,can,welcome,admitted,accept*,take,
    takes,erlaubt,dürfen,darf,gestattet,zulässig,willkommen,admis*,autoris*,permis*,peuvent,peut,accepte*,
    bienvenu*,permitid*,permite*,admit*,pueden,puede,bienvenid*,acepta*,forbidden,prohibited,banned,
    verboten,interdit*,prohibid*,ammess*,permess*,consentit*,vietat*
flag|covered,included,versichert,inbegriffen,inclus,incluido,compreso,compresa,incluso|cover*,includ*,
    versichert,inbegriffen,inklusive,inclus*,couvert*,incluid*,cubiert*,compres*
word|purchase,bought,purchased,kauf,gekauft,achat,acheté,compra,comprado|bought,purchase*,buy,buys,acquired,
    gekauft,kaufte,achet*,achat,compr*
word|annual,yearly,jährlich,annuel,anual,annuelle,annuelles,annuale,annuo,annua,jährliche,jährlicher,
    annuels,annuali,annui|annual*,yearly,a year,per year,each year,every year,jährlich*,im jahr,pro jahr,
    par an,annuel*,al año,anual*,à l année,all'anno,annu*
word|monthly,monatlich,mensuel,mensual,mensuelle,mensile,monatliche,mensuels,mensuelles,mensili|monthly,
    a month,per month,each month,every month,monat*,par mois,mensuel*,al mes,mensual*,al mese,mensil*
word|limit,cap,höchstbetrag,obergrenze,plafond,límite,máximo|up to,at most,limit*,maximum,max,more than,
    exceed*,höchstens,bis zu,maximal,jusqu à,hasta,máximo
word|production,output,produktion,ernte,harvest,yield,producción,produzione,récolte,cosecha|produc*,output,
    produit,produzier*,produktion,erzeug*,ernte*,harvest*,yield*,récolt*,cosech*,geerntet,erzeugt
text|industry,sector,branche,secteur,sector|industry,sector,branche,secteur
text|material,werkstoff,matériau|made of,made from,material,besteht aus,aus,fait de,hecho de
money|insured value,insurance value,versicherungswert,valeur d assurance,valore assicurato|insured for,
    insured at,insurance value,versichert,assuré*,asegurad*,assicurat*
money|prize money,preisgeld,dotation,montepremi|prize money,prize fund,preisgeld,dotiert,dotation,montepremi
money|cleaning fee,cleaning,endreinigung,ménage|cleaning,endreinigung,ménage,limpieza,pulizia
word|age,alter,âge,edad,età|aged,age,years old,old,jahre alt,jährig*,âge,âgé*,ans,edad,años,età,anni,alter
date|departure,departed,sailing date,abfahrt,abreise,départ,salida,partenza|departed,departure,left,sailed,
    set out,set sail,abfahrt,abgefahren,départ,parti*,salió,salida,partì,partenza
date|arrival,arrived,ankunft,arrivée,llegada,arrivo|arrived,arrival,reached,made,berthed,landed,anchored,
    ankunft,angekommen,arrivé*,arrivée,llegó,llegada,arrivò,arrivo
date|delivered,delivery,delivery date,lieferung,geliefert,livraison,livré,entrega,consegna|delivered,
    delivery,geliefert,livré*,entregad*,consegnat*
date|admission,admitted,aufnahme,hospitalisation|admitted,admission,aufgenommen,aufnahme,hospitalisé*,
    ingresad*,ricoverat*
date|discovered,discovery,entdeckt,entdeckung,découverte,découvert,descubierto,scoperta|discovered,found,
    discovery,entdeckt*,gefunden,découvert*,descubiert*,scopert*
date|sold,sale,sale date,verkauft,verkauf,vendu,vente,vendido,venduto|sold,sale,auctioned,verkauft,vendu*,
    vente,vendid*,vendut*
date|painted,created,made,création,entstanden,creación,creazione|painted,created,made,executed,gemalt,
    entstanden,geschaffen,peint*,créé*,réalisé*,exécuté*,pintad*,cread*,dipint*,realizzat*
person|builder,shipbuilder,erbauer,constructeur,constructor,costruttore|builder,built by,constructed by,
    erbaut von,gebaut von,construit par,construid*,costruit*
person|discoverer,entdecker,découvreur,scopritore|discovered by,found by,entdeckt von,gefunden von,
    découvert par,découverte par,descubiert*,scopert*
person|owner,besitzer,eigentümer,propriétaire,propietario,proprietario,inhaber|owner*,owned by,belongs to,
    besitzer*,eigentümer*,gehört,inhaber*,propriétaire*,appartient,propietari*,pertenece,proprietari*,
    appartiene
person|winner,sieger,siegerin,vainqueur,gagnant,ganador,vincitore,vincitrice|winner,won,wins,victory went,
    sieger*,gewann,gewonnen,siegte,vainqueur,gagné,remporté,remporte,ganó,ganador*,vinto,vince,vincit*
organisation|shipyard,yard,werft,chantier,cantiere,astillero|shipyard,yard,werft,chantier*,cantier*,
    astiller*
organisation|lender,leihgeber,prêteur|lent by,loan from,on loan from,leihgabe,prêt du,prêt de,prêté*,
    prestito
count|crew,crew size,besatzung,équipage,tripulación,equipaggio|crew,hands,besatzung,mann besatzung,équipage,
    tripulación,equipaggio
count|wins,victories,siege,victoires,victorias,vittorie|win,wins,victor*,won,sieg*,victoire*,victoria*,
    vittori*
count|losses,defeats,niederlagen,défaites,derrotas,sconfitte|loss*,defeat*,niederlage*,défaite*,derrota*,
    sconfitt*
count|beds,betten,lits,camas,letti,planbetten|bed*,betten,planbetten,lits,camas,lett*
percent|deposit percent,discount,rabatt,remise,sconto,descuento|discount,off,rabatt,remise,sconto,descuento
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


def measured(word: str) -> Sequence[Wording]:
    """The lengths that one folded word names: "high" the height, but "mide" none of them, since it may be any."""
    return [known for known in WORDINGS if known.kind == "length" and (word,) in (*known.labels, *known.said)]


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
