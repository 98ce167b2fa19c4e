"""Words of conditions that documents say in other words: what is done ("ships", "delivers") and what is had.

Pure. General synonyms stand in `text/vocabulary.py`; these are narrower, and hold inside a condition only.
"""

from collections.abc import Mapping

from parallel_local.text.tokens import words

# A line is a group, with the indented ones below it; its members, between commas, may stand for each other.
_GROUPS = """
ships, delivers, shipping, shipped, shipment, delivery, deliveries, dispatches, supplies, sends, liefert,
    lieferung, versendet, verschickt, envía, envíos, entrega, entregas, reparte
exports, exporting, exported, export markets, sells abroad, exportiert, exporta, exportación
uses, using, used, in use, relies on, runs on, built on, built with, powered by, nutzt, verwendet, setzt ein,
    usa, utiliza, emplea
employees, staff, people, workers, headcount, workforce, team, employs, persons, person, payroll,
    on the payroll, people on its books, mitarbeiter, mitarbeiterinnen, belegschaft, personas, empleados,
    empleadas, trabajadores, plantilla, emplea
employees, colleagues, payroll, men and women, give work, gives work, employment, hands
employees, mitarbeitende, menschen, beschäftigte, angestellte, personen, mitarbeiter, leute, beschäftigt,
    arbeiten, zählt
employs, beschäftigt, emplea
founded, established, founding, foundation, foundation year, incorporated, started, starting, inception,
    set up, since, came into existence, came into being, dates back, created, creation, formed, born,
    launched, began, begun, start up, started up, started trading, spun out, spun off, in business,
    goes back, going since, opened its doors
founded, date back, in business since, gegründet, gegründete, gründung, gründungsjahr, gründet, besteht,
    bestehen, ins leben gerufen, entstanden, entstand, seit, existiert, fundado, fundada, fundación, creado,
    creada, nació, abierto desde, establecido, establecida, constituida
built, constructed, construction, aus dem jahr, erected, completed, completion, finished, year built,
    dates from, dating from, raised in, erbaut, gebaut, baujahr, errichtet, fertiggestellt, fertigstellung,
    stammt, construido, construida, construcción, edificado, levantado, terminado
designed, architect, architects, designer, by, entworfen, architekt, architektin, arquitecto, arquitecta,
    diseñado, proyectado
opened, opening, inaugurated, opened its doors, abierto, abierta, apertura, abrió sus puertas, inaugurado,
    eröffnet, eröffnung, einweihung, inaugurada, abrió
makes, manufactures, produces, builds, maker, manufacturer, producer, making, production, manufacturing,
    made by, weaves, turns out, fabrica, fabricante, produce
makes, stellt, herstellt, hersteller, produziert, fertigt, baut
sells, sold, sale, selling, seller, retails, market, markets, sales, verkauft, vertreibt, vertrieb, vende,
    venta, ventas, comercializa
owns, owner, owned, ownership, belongs to, belongs, property of, in the hands of, held by, besitzt, gehört,
    eigentümer, besitz, im besitz, propiedad de, pertenece, dueño, propietario, propiedad
acquired, bought, acquisition, took over, took it over, taken over, takeover, purchased, purchase, sold to,
    sold out to, belongs since, snapped up, übernommen, merger, gekauft, adquirido, adquirida, comprado,
    comprada, compró, adquirió
raised, raised money, funding, financing, funding round, investment round, seed round, series, a round of,
    closed a round, secured, took in, collected, landed, lands, brought in, put in, invested, received,
    picked up, attracted, pulled in, eingesammelt, recaudó, ronda, financiación
revenue, revenues, sales, turnover, turned over, takings, income, umsatz, jahresumsatz, erlös, facturación,
    factura, ingresos, ventas
profit, profitable, profits, in the black, gewinn, beneficio, beneficios
cost, costs, price, priced, prices, pricing, fee, fees, charge, charges, admission, rate, tariff,
    for sale at, pay, pays, kostet, kosten, preis, cost of, gebühr, beitrag, jahresbeitrag, mitgliedsbeitrag,
    eintritt, zahlt, zahlen, cuesta, cuestan, precio, tarifa, cuota, entrada, vale, sale a, por
membership fee, subscription, dues, annual fee, jahresbeitrag, beitrag, mitgliedsbeitrag, cuota
certified, certificate, certification, certifications, accredited, accreditation, holds, zertifiziert,
    zertifikat, zertifizierung, certificado, certificada, certificación
accredited, recognised, recognized, approved, licensed, anerkannt, zugelassen, reconocido, autorizado
ceo, chief executive, chief executive officer, managing director, head, run by, led by, geschäftsführer,
    geschäftsführerin, director general, directora general
cto, chief technology officer
cfo, chief financial officer
website, homepage, web site, webseite, página web, sitio web
headquarters, headquartered, head office, main office, hauptsitz, sitz, seat, sede, sede central
expires, ends, expiry, expiration, expire, runs until, valid until, valid to, end date, end, ending, lapses,
    runs out, läuft, läuft aus, läuft ab, endet, gültig bis, vence, vencimiento, caduca, termina, finaliza
starts, begins, start, starting, commences, beginn, beginnt, empieza, comienza, inicio
deadline, closing date, closes, close, shuts, apply by, due, due date, applications until,
    applications close, possible until, submissions until, bewerbungsschluss, frist, einsendeschluss,
    bewerbungsfrist, bis, plazo, fecha límite, cierre
rolling, all year round, at any time, any time, continuously, jederzeit, laufend, ganzjährig, todo el año
eligible, can apply, may apply, open to, who can apply, apply, applicants, eligibility, for, goes to,
    aimed at, meant for, antragsberechtigt, bewerben, richtet sich an, dirigido a, pueden solicitar
covers, pays for, paid for, included, includes, finances, funds, meets the cost of, übernimmt, cubre
salaries, salary, staff costs, wages, personnel costs, gehälter, personalkosten, löhne, salarios, sueldos
match funding, matching funds, matched funding, own contribution, co funding, cofunding, co financing,
    of their own, themselves, contribution of their own, eigenanteil, eigenmittel, cofinanciación
requires, required, needed, needs, must, necessary, obligatory, compulsory, mandatory, have to, erforderlich,
    nötig, verlangt, vorausgesetzt, notwendig, requiere, exige, necesita, obligatorio, obligatoria
requires, asks for, demands, insists on, expects
maximum, up to, at most, as much as, ceiling, worth, amount, value, pays, gives, get, gets, receives, awards,
    grants of, bis zu, höchstens, máximo, hasta
funded by, funder, financed by, paid by, money from, sponsor, sponsored by, donor, backed by, förderer,
    gefördert von, finanziert von, financiado por, patrocinado por
written, author, wrote, writer, by, geschrieben, autor, autorin, verfasst, escrito, escrita, autora
published, publication, release, latest release, last release, appeared, released, came out, written,
    publisher, erschienen, veröffentlicht, publicado, publicada
population, inhabitants, live in, viven, vecinos, leben, residents, people, live here, einwohner,
    einwohnerinnen, bewohner, habitantes, población
speaks, speaking, fluent, languages, language, tongue, spricht, sprachen, habla, idiomas, lengua
lives, living, resides, home, at home in, found in, occurs, native to, habitat, wohnt, lebt, kommt vor,
    heimisch, vive, habita, reside
habitat, grows, found, occurs, lives, lebensraum, wächst, crece, hábitat
works, working, job, employed, arbeitet, trabaja
studied, degree, graduated, graduate, read, alumnus, studierte, studiert, studium, abschluss, estudió,
    licenciado, licenciada, graduada
born, birth, date of birth, geboren, geburtsjahr, nació, nacido, nacida
length, long, longer, distance, measures, lang, länge, mide, longitud, largo
height, high, tall, hoch, höhe, elevation, altitude, rises, rising, metres up, stands, mide, altura, alto,
    alta, altitud
weight, weighs, heavy, wiegt, gewicht, schwer, pesa, peso
minutes, minute, min, mins, minuten, minutos
hours, hour, h, hrs, stunden, stunde, horas, hora
vegetarian, vegetarisch, meatless, without meat, meat free, vegetariano, vegetariana, sin carne
vegan, vegane, vegano, vegana, plant based
gluten free, glutenfrei, without gluten, no gluten, sin gluten
free, kostenlos, gratis, no charge, free of charge, without charge, costs nothing, umsonst, kostenfrei,
    gratuito, gratuita, libre, entrada libre, eintritt frei
children, kids, child, family, families, youngsters, pupils, kinder, kind, niños, niñas, infantil
dogs, dog, dog friendly, pets, hunde, hund, haustiere, perros, perro, mascotas
allows, allowed, darf, welcome, permitted, permits, accepts, accepted, admits, admitted, may be brought,
    friendly, erlaubt, willkommen, zugelassen, gestattet, dürfen, mitgebracht, admite, admiten, permite,
    permiten, bienvenidos, bienvenidas, aceptan
car park, parking, parking spaces, parkplatz, parkplätze, stellplätze, aparcamiento, parking propio
wheelchair, wheelchair accessible, step free, accessible, barrierefrei, rollstuhl, rollstuhlgerecht,
    stufenlos, accesible, silla de ruedas
organic, organically, bio, biologisch, ökologisch, ecológico, ecológica, orgánico
open source, opensource, open-source, source is open, source code is public, quelloffen, código abierto
subsidiary, subsidiaries, daughter company, tochtergesellschaft, tochter, filial
branch, branches, outlet, outlets, filiale, filialen, sucursal, sucursales
office, offices, büro, büros, standort, standorte, oficina, oficinas
warranty, guarantee, guaranteed, garantie, garantía
rent, rents, hire, hires out, vermietet, rental, lets, alquila, alquiler
teaches, teacher, teaching, lessons, unterrichtet, lehrt, lehrer, lehrerin, enseña, profesor, profesora
leads, head of, leader, led, in charge of, heads, leitet, leiter, leiterin, runs, dirige, directora,
    director
joined, joining, came, kam, since, been with, with us since, incorporó
students, pupils, kinder, jugendliche, lernende, learners, schüler, studenten, studierende, alumnos,
    estudiantes
visitors, guests, attendees, visitor numbers, besucher, gäste, besucherzahl, visitantes, asistentes
members, member, membership, mitglieder, mitgliedern, mitglied, mitgliederzahl, leute, gehören, socios,
    miembros
entry, admission, entrance, entrance fee, entry fee, eintritt, entrada
draws, attracts, welcomes, gets, receives, sees, zieht an, lockt, recibe, atrae
capacity, seats, seating, seating capacity, room for, holds, accommodates, places, sitzplätze, plätze, platz,
    plätzen, kapazität, fasst, platz für, plazas, aforo, caben, asientos, capacidad, cabida
floors, storeys, stories, floor, storey, levels, stockwerke, stockwerken, geschosse, etagen, plantas, pisos
rooms, bedrooms, zimmer, zimmern, habitaciones
flats, apartments, homes, wohnungen, pisos, viviendas
countries, country, nations, länder, land, países, país
ingredients, contains, zutaten, enthält, ingredientes, contiene
renews, renewal, renewed, renewable, verlängert, renueva
area, floor area, floor space, surface, covers, extends over, fläche, grundfläche, superficie
listed, listed building, heritage, heritage listed, protected, protection, denkmalschutz, denkmalgeschützt,
    unter schutz, protegido, protegida, protección, monument, schutz
endangered, threatened, at risk, in danger, danger of extinction, bedroht, gefährdet, vom aussterben bedroht,
    amenazada, amenazado, en peligro, en peligro de extinción
protected, under protection, geschützt, steht unter schutz, protegida, protegido
invasive, alien, introduced, invasiv, eingeschleppt, invasora, invasor
eats, feeds on, diet, prey, preys on, lives on, frisst, ernährt, nahrung, come, se alimenta, alimentación
venue, place, hall, takes place, held, location, ort, spielort, veranstaltungsort, findet statt, lugar,
    recinto, tiene lugar, se celebra, sala
date, takes place, starts, begins, beginnt, empieza, held, when, datum, termin, findet statt, fecha,
    tiene lugar, se celebra
genre, style, music, musik, stil, género, música, estilo
sold out, no tickets left, no more tickets, tickets are gone, ausverkauft, agotado, agotadas,
    no quedan entradas
tickets, ticket, admission, karten, eintritt, entradas, entrada
terrace, outdoor seating, terrasse, terraza
garden, gardens, garten, jardín
pool, swimming pool, schwimmbad, piscina
museum, exhibition, museo
kitchen, cuisine, food, küche, cocina
café, cafe, coffee shop, coffeehouse, cafetería
lift, elevator, aufzug, fahrstuhl, ascensor
renovated, refurbished, restored, modernised, restoration, renovation, overhauled, saniert, renoviert,
    modernisiert, sanierung, umbau, reformado, reformada, renovado, rehabilitado, restaurado
demolished, torn down, pulled down, knocked down, abgerissen, abriss, demolido, derribado
closed, shut, shut down, closed down, out of business, geschlossen, gesperrt, cerrado, cerrada, cierra
looking for, seeks, seeking, searching for, in search of, wants, needs, sought, being sought,
    on the look out for, sucht, suchen, gesucht, busca, buscan
investors, investor, investment, backers, outside money, kapitalgeber, investoren, inversores, inversor
family, families, familie, familia, familiar
family business, family firm, family company, family run, familienunternehmen, familienbetrieb,
    empresa familiar
carries, takes, transports, holds, accommodates, befördert, transporta
open, opens, abre, abierto, abierta, geöffnet, öffnet
visitor centre, visitor center, visitors centre, besucherzentrum, centro de visitantes
tours, guided tours, guided tour, tour, shown around, führungen, führung, visitas guiadas, visita guiada
vacancies, hiring, recruiting, open positions, looking for staff, stellen, offene stellen, vacantes
growing, growth, grown, grew, wachstum, wächst, crecimiento, crece
publicly listed, public, shares, went public, stock market, listed, stock exchange, listed on,
    publicly traded, quoted, börsennotiert, cotiza, bolsa
solar, solar power, solar panels, photovoltaic, solaranlage, photovoltaik, placas solares
renewable, renewable energy, green power, wind power, hydropower, ökostrom, energía renovable, renovables
electric, electrically, battery powered, elektrisch, eléctrico, eléctrica
ferry, boat, fähre, barco
train, railway, station, rail, bahn, bahnhof, zug, tren, estación
award, prize, awarded, won, winner, preis, auszeichnung, ausgezeichnet, premio, galardón, premiado
volunteers, volunteer, unpaid helpers, ehrenamtlich, ehrenamtliche, freiwillige, voluntarios
nonprofit, non profit, not for profit, charity, charitable, gemeinnützig, sin ánimo de lucro
remote, remotely, from home, home office, remoto, teletrabajo
full time, vollzeit, tiempo completo
part time, teilzeit, tiempo parcial
monthly, per month, a month, each month, im monat, monatlich, al mes, mensual
annual, yearly, per year, a year, each year, im jahr, jährlich, pro jahr, al año, anual
women, female, frauen, mujeres
abroad, overseas, international, internationally, outside the country, ausland, extranjero
licence, license, licensed, lizenz, licencia
database, databases, datenbank, base de datos
individuals, individual, private persons, anybody, anyone, everybody, einzelpersonen, privatpersonen,
    particulares
usa, us, united states, america, american
uk, united kingdom, britain, british
germany, german, deutschland, alemania
france, french, frankreich, francia
spain, spanish, spanien, españa
austria, österreich
switzerland, swiss, schweiz, suiza
norway, norwegian, norwegen, noruega
japan, japanese, japón
netherlands, dutch, holland, niederlande
written in, programmed in, implemented in, coded in, programming language, language, geschrieben in,
    programmiert
runs on, runs, works on, platforms, platform, available for, available on, compatible with, läuft auf,
    funciona en
commercial, paid, kommerziell, bezahlt, comercial
ai, artificial intelligence, ki, machine learning
"""
# What counts in one direction only: what was founded has opened, what opened an office was not founded then.
_ALSO = (("opened", "founded"), ("sells", "exports"), ("sells", "ships"))


def _table() -> Mapping[str, tuple[tuple[str, ...], ...]]:
    """Word or phrase → all the phrases of its groups."""
    found: dict[str, tuple[tuple[str, ...], ...]] = {}
    for line in _GROUPS.strip().replace(",\n    ", ", ").splitlines():
        phrases = tuple(tuple(words(member)) for member in line.split(","))
        for phrase in phrases:
            known = found.get(" ".join(phrase), (phrase,))
            found[" ".join(phrase)] = tuple(dict.fromkeys((*known, *phrases)))
    for word, also in _ALSO:
        found[word] = tuple(dict.fromkeys((*found[word], *found[also])))
    return found


SYNONYMS = _table()
LONGEST = max(len(key.split()) for key in SYNONYMS)
