"""Vocabulary: what the words in a header are about, in the languages and systems exports come in.

A header is cut into words (``CustomerID``, ``customer_id``, ``Kundennummer``, ``N° client``), and
each known word or phrase stands for a concept. Which concepts together make which of our columns
is said in `meanings`.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

# Concept -> words and, with underscores for spaces, phrases; folded to plain small letters.
_WORDS = {
    "customer": """customer customers cust client clients kunde kunden kd debitor debitoren account
        accounts acct buyer purchaser shopper sold_to soldto sell_to bill_to klant cliente clienti
        clientes kund debtor consumer payer member user household reseller dealer retailer
        abnehmer acheteur besteller business_partner auftraggeber custnmbr kunnr custname""",
    "company": "company firma firm societe empresa azienda organisation organization unternehmen",
    "order": """order orders ordered auftrag auftraege bestellung bestell commande cde pedido
        orden ordine ordre sales_order so salesorder purchase_order po basket cart sale_order
        aufnr vbeln sopnumbe verkaufsbeleg""",
    "invoice": """invoice invoices inv rechnung rechnungs rg faktura fakturen factura facture
        fattura beleg billing document doc voucher receipt bon bill""",
    "transaction": "transaction transactions trans txn trx vorgang buchung bewegung operation",
    "item": """item items sku skus product products prod article articles artikel material stock
        part parts produkt produkte produit produits producto productos prodotto articulo articolo
        goods waren asin matnr itemnmbr arktx maktx itemdesc""",
    "line": "line lines position pos zeile ligne linea riga row posten",
    "id": """id ids no nos nr num number nummer code codes cd key numero nro guid uuid ident
        identifier kennung schluessel schlussel clave codigo codice cod ref reference referenz
        ean upc gtin nmbr kunnr custnmbr vbeln sopnumbe matnr itemnmbr asin""",
    "name": """name names nom nombre nome naam navn namn bezeichnung bez description desc descr
        text libelle designation descripcion descrizione denominacion beschreibung benennung title
        titel label omschrijving kurztext item_desc arktx maktx itemdesc custname""",
    "date": """date dates datum fecha data dato dt day tag jour datetime timestamp time erdat
        docdate""",
    "quantity": """quantity quantities qty qtys qte quantite quantites menge mengen mng anzahl anz
        stk stuck stueck stuckzahl stueckzahl units cantidad cant quantita pieces pcs antal aantal
        hoeveelheid fkimg kwmeng seats licenses units_sold""",
    "unit": "unit einzel each ea unitaire unitario einheit einheits stuckpreis stueckpreis pu",
    "price": """price prices preis preise prix precio prezzo prijs pris unitprce netpr stuckpreis
        stueckpreis pu""",
    "revenue": """revenue revenues sales sale turnover umsatz umsatze umsaetze verkauf verkaufs
        vente ventes venta ventas vendite fatturato ricavi omzet erlos erlose erloes erloese
        chiffre_affaires chiffre_d_affaires ca netwr xtndprce proceeds""",
    "total": """total totals amount amt value betrag wert warenwert montant importe importo bedrag
        sum summe subtotal spend extended ext gesamt line_total extendedprice""",
    "net": """net netto nett neto ht excl hors hors_taxes hors_taxe untaxed nettowert excluding_tax
        excl_tax excluding_vat excl_vat ex_vat ex_tax before_tax without_tax""",
    "cost": """cost costs cogs cost_of_goods cost_of_goods_sold kosten ek einkauf einkaufs
        einstand einstands selbstkosten cout couts revient coste costo costi kostpris kostprijs
        wareneinsatz wavwr extdcost""",
    "profit": """profit profits margin gp gm marge db deckungsbeitrag rohertrag gewinn benefice
        margen beneficio utile margine gross_profit gross_margin marge_brute rohgewinn
        contribution marge_brut""",
    "percent": "percent percentage pct prozent quote pourcentage porcentaje ratio",
    "discount": "discount discounts disc rabatt rabatte remise descuento sconto skonto",
    "tax": "tax taxes vat mwst ust tva iva gst brutto ttc incl gross steuer duty",
    "freight": "freight porto versandkosten fracht shipping_cost shipping_costs postage",
    "division": """division divisions sparte geschaftsbereich geschaeftsbereich business_unit bu
        line_of_business lob spart product_line produktlinie gamme department dept abteilung
        rayon""",
    "group": """category categories categorie kategorie categoria cat family famille familie
        familia group gruppe warengruppe produktgruppe artikelgruppe groupe grupo class
        subcategory subclass hierarchy range sortiment matkl subfamily warengruppen""",
    "brand": "brand brands marke marque marca manufacturer hersteller fabricant",
    "branch": """branch office store shop filiale niederlassung standort agence succursale
        sucursal filial site outlet sales_office vestiging vkbur plant location""",
    "rep": """rep reps sales_rep salesrep salesperson sales_person salesman seller vendedor vendeur
        commercial aussendienst vertreter verkaufer verkaeufer agent representative representant
        sales_representative account_manager account_owner betreuer vertriebsmitarbeiter
        verkoper sales_employee employee""",
    "type": "type typ tipo kind auftragsart belegart doc_type auart",
    "status": "status statut estado stato zustand",
    "currency": "currency curr cur ccy wahrung waehrung devise moneda valuta divisa monnaie waerk",
    "rate": "rate rates exchange fx kurs taux cambio conversion wechselkurs kurrf ukurs",
    "new": "new neu nouveau nuevo isnew is_new neukunde",
    "sub": "sub sous unter subsub",
    "ship": """ship shipped shipping ship_to delivery delivered liefer lieferung livraison envio
        consegna dispatch requested promised expected wunsch""",
    "due": "due fallig faellig echeance payment paid zahlung zahlungs vencimiento",
    "created": """created create creation modified updated update changed entry loaded insert
        posting buchungs erfassungs erfasst fkdat audat""",
    "birth": "birth dob geburts geburt",
    "supplier": "supplier vendor lieferant lieferanten kreditor fournisseur proveedor",
    "list": "list msrp uvp standard suggested catalog",
    "purchase": "purchase purchased bought kauf achat compra installed install",
    "country": "country land pays pais paese nation",
    "region": "region bundesland county province state",
    "territory": "territory gebiet vertriebsgebiet secteur territorio zone area",
    "industry": """industry branche naics sic secteur_activite vertical industria sector
        wirtschaftszweig""",
    "segment": "segment customer_group kundengruppe kundensegment segmento tier",
    "size": """size employees number_employees mitarbeiter mitarbeiterzahl headcount effectif
        company_size grosse groesse""",
    "postcode": "postcode zip zipcode postal plz cp postal_code code_postal zip_code",
    "place": "city town ort stadt ville ciudad address street strasse adresse straat rue",
    "contact": "email mail phone tel telefon fax website url contact",
    "parent": "parent konzern mutter group_account holding parent_account headquarters hq",
    "expiration": """expiration expiry expires expire expired end ends until ablauf ende gultig_bis
        gueltig_bis fin renewal valid_to valid_until thru""",
    "valid_from": "valid_from gueltig_ab gultig_ab effective effective_from as_of",
    "stage": "stage phase pipeline deal_stage opportunity_stage",
    "deal": "deal deals opportunity opportunities opp angebot quote_id forecast",
    "contacted": "contact_date call call_date last_contact activity visit kontakt besuch",
    "outcome": "outcome result ergebnis resultat disposition",
    "reason": "reason grund motif motivo why block_reason",
    "sale_type": "sale_type",
}
_FILLERS = """
    of the and und et y in en im by fur fuer von zu to for au aux del della di da de du des der
    die das den la le les el is a an vom avec per
"""
_CODES = """
    aed aud brl cad chf cny czk dkk eur gbp hkd huf inr jpy krw mxn nok nzd pln ron sek sgd try
    usd zar euro euros dollar dollars
"""
_MONEY_CODES = frozenset(_CODES.split())
_NO_WORDS = frozenset(_FILLERS.split()) | _MONEY_CODES
_LINKS = ("", "s", "n", "en", "es")  # what German puts between the parts of a compound
_TOKEN = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+|[#%]")
_LETTERS = str.maketrans(
    {"ß": "ss", "ø": "o", "Ø": "O", "æ": "ae", "Æ": "Ae", "ł": "l", "Ł": "L", "№": "No"}
)
_SIGNS = {"#": "no", "%": "percent"}


def _by_word() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for concept, words in _WORDS.items():
        for word in words.split():
            found.setdefault(word.replace("_", " "), set()).add(concept)
    return {word: frozenset(concepts) for word, concepts in found.items()}


_CONCEPTS = _by_word()
_SINGLE = frozenset(word for phrase in _CONCEPTS for word in phrase.split())
_LONGEST = max(len(phrase.split()) for phrase in _CONCEPTS)


@dataclass(frozen=True)
class Reading:
    """What a header's words are about.

    Parameters
    ----------
    concepts
        What the known words stand for.
    unknown
        Words that are in no dictionary here.
    """

    concepts: frozenset[str]
    unknown: int


@lru_cache(maxsize=4096)
def read_header(header: str) -> Reading:
    """Find out what a header is about.

    Examples
    --------
    >>> sorted(read_header("Kundennummer").concepts), sorted(read_header("OrderDate").concepts)
    (['customer', 'id'], ['date', 'order'])
    """
    words = [part for token in tokens(header) for part in _parts(token)]
    concepts: set[str] = set()
    unknown = at = 0
    while at < len(words):
        for length in range(min(_LONGEST, len(words) - at), 0, -1):
            phrase = " ".join(words[at : at + length])
            if phrase in _CONCEPTS:
                concepts |= _CONCEPTS[phrase]
                break
        else:
            length = 1
            unknown += words[at] not in _NO_WORDS and len(words[at]) > 1
        at += length
    return Reading(frozenset(concepts), unknown)


@lru_cache(maxsize=4096)
def tokens(header: str) -> tuple[str, ...]:
    """Cut a header into its words, in plain small letters.

    Examples
    --------
    >>> tokens("Sold-to Customer N°"), tokens("UnitPriceEUR")
    (('sold', 'to', 'customer', 'n'), ('unit', 'price', 'eur'))
    """
    decomposed = unicodedata.normalize("NFKD", header.translate(_LETTERS))
    plain = "".join(c for c in decomposed if not unicodedata.combining(c))
    return tuple(_SIGNS.get(token, token.lower()) for token in _TOKEN.findall(plain))


def currency_code(header: str) -> str | None:
    """Currency that a header names, as in ``Amount EUR``; None when none, or several."""
    named = {token for token in tokens(header) if token in _MONEY_CODES and len(token) == 3}
    return named.pop().upper() if len(named) == 1 else None


def _parts(token: str) -> list[str]:
    """Cut a compound into known words (``kundennummer``: kunden, nummer); else the token itself."""
    if token in _SINGLE or token in _NO_WORDS:
        return [token]
    for link in _LINKS[1:]:
        if (stem := token.removesuffix(link)) in _CONCEPTS and stem != token:
            return [stem]
    return _split(token) or [token]


@lru_cache(maxsize=4096)
def _split(token: str) -> list[str] | None:
    for end in range(len(token) - 1, 2, -1):
        if token[:end] not in _CONCEPTS:
            continue
        for link in _LINKS:
            rest = token[end:].removeprefix(link) if token[end:].startswith(link) else ""
            if len(rest) < 2:
                continue
            following = [rest] if rest in _CONCEPTS else _split(rest)
            if following:
                return [token[:end], *following]
    return None
