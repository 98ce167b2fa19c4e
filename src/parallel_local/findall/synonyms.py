"""Words of conditions that documents say in other words: what is done ("ships", "delivers") and what is had.

Pure. General synonyms stand in `text/vocabulary.py`; these are narrower, and hold inside a condition only.
"""

from collections.abc import Mapping

from parallel_local.text.tokens import words

# A line is a group; its members, between commas, may stand for each other.
_GROUPS = """
ships, delivers, shipping, delivery, deliveries, dispatches, liefert, lieferung
exports, exporting, exportiert
uses, using, relies on, runs on, built on, built with, powered by, nutzt, verwendet
employees, staff, people, workers, headcount, workforce, team, employs, persons, person, mitarbeiter
employees, colleagues, payroll
employees, mitarbeitende, beschäftigte, angestellte, personen, mitarbeiter
founded, established, founding, incorporated, started, inception, set up, since, came into existence, dates back
founded, date back, in business since, gegründet, gegründete, gründung, gründungsjahr
built, constructed, construction, erbaut, gebaut, baujahr
opened, opening, inaugurated, eröffnet
makes, manufactures, produces, builds, maker, manufacturer, producer, making, production, manufacturing, made by
makes, stellt, herstellt, hersteller, produziert, fertigt, baut
sells, sale, selling, seller, retails, verkauft, vertreibt
owns, owner, owned, besitzt
acquired, bought, acquisition, took over, takeover, purchased, übernommen, merger
raised, raised money, funding, financing, funding round, investment round, seed round, series
revenue, sales, turnover, umsatz
profit, profitable, profits, gewinn
cost, costs, price, priced, prices, pricing, fee, charge, charges, kostet, kosten, preis, cost of
certified, certificate, certification, certifications, holds, zertifiziert, zertifikat
ceo, chief executive, chief executive officer, managing director, geschäftsführer
cto, chief technology officer
cfo, chief financial officer
website, homepage, web site, webseite
headquarters, headquartered, head office, hauptsitz, sitz, seat
expires, ends, expiry, expiration, expire, runs until, valid until, end date, end, läuft
written, author, wrote, writer, by, geschrieben, autor, autorin
published, publication, appeared, released, came out, written, erschienen, veröffentlicht
population, inhabitants, residents, people, einwohner, einwohnerinnen
speaks, speaking, fluent, languages, language, spricht, sprachen
lives, living, resides, home, wohnt, lebt
works, working, job, arbeitet
studied, degree, graduated, studierte, studiert
born, birth, geboren, geburtsjahr
length, long, longer, distance, lang, länge
height, high, tall, hoch, höhe, elevation, altitude
weight, weighs, heavy, wiegt, gewicht, schwer
minutes, minute, min, mins, minuten
hours, hour, h, hrs, stunden, stunde
vegetarian, vegetarisch, meatless
gluten free, glutenfrei, without gluten, no gluten
free, kostenlos, gratis, no charge, free of charge
children, kids, child, family, kinder
dogs, dog, dog friendly, hunde
allows, allowed, welcome, permitted, permits, accepts, accepted, erlaubt, willkommen
car park, parking, parkplatz, parkplätze
wheelchair, step free, barrierefrei, rollstuhl
organic, bio, biologisch, ökologisch
open source, opensource, open-source
subsidiary, subsidiaries, tochtergesellschaft
branch, branches, filiale, filialen
office, offices, büro, büros, standort, standorte
warranty, guarantee, garantie
rent, rents, hire, hires out, vermietet, rental
teaches, teacher, teaching, unterrichtet, lehrt, lehrer, lehrerin
leads, head of, leader, led, leitet, leiter, leiterin, runs
joined, joining, kam, since
students, pupils, learners, schüler, studenten
visitors, guests, attendees, besucher, gäste
countries, country, nations, länder, land
ingredients, contains, zutaten, enthält
renews, renewal, renewed, renewable, verlängert
usa, us, united states, america, american
uk, united kingdom, britain
germany, deutschland
austria, österreich
switzerland, schweiz
norway, norwegen
ai, artificial intelligence, ki
"""
# What counts in one direction only: what was founded has opened, what opened an office was not founded then.
_ALSO = (("opened", "founded"),)


def _table() -> Mapping[str, tuple[tuple[str, ...], ...]]:
    """Word or phrase → all the phrases of its groups."""
    found: dict[str, tuple[tuple[str, ...], ...]] = {}
    for line in _GROUPS.strip().splitlines():
        phrases = tuple(tuple(words(member)) for member in line.split(","))
        for phrase in phrases:
            known = found.get(" ".join(phrase), (phrase,))
            found[" ".join(phrase)] = tuple(dict.fromkeys((*known, *phrases)))
    for word, also in _ALSO:
        found[word] = tuple(dict.fromkeys((*found[word], *found[also])))
    return found


SYNONYMS = _table()
LONGEST = max(len(key.split()) for key in SYNONYMS)
