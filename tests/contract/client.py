"""Drives a stand-in of Stripe with Stripe's official library, from a customer to a credit note.

`client.py http://127.0.0.1:PORT [KEY]` asks as any user of the library would, holds every answer against what Stripe
documents, and ends with 1 at the first that differs. Every run makes objects of its own, so that it may be run again.
"""

import sys
import uuid

import stripe

RUN = uuid.uuid4().hex[:12]
DAY_S = 86_400


class Mismatch(Exception):
    """The stand-in answered otherwise than Stripe does."""


def same(what, found, expected):
    if found != expected:
        raise Mismatch(f"{what} is {found!r}, and should be {expected!r}")


def holds(what, is_so):
    if not is_so:
        raise Mismatch(what)


def refused(what, kind, ask, **expected):
    """Whether a question is refused with an error of this class and these fields; returns the error."""
    try:
        ask()
    except stripe.StripeError as error:
        if type(error) is not kind:
            raise Mismatch(f"{what} is refused with {error!r}, and should be with {kind.__name__}") from error
        for field, value in expected.items():
            same(f"{field} of the error when {what}", getattr(error, field), value)
        return error
    raise Mismatch(f"{what} is taken, and should be refused with {kind.__name__}")


class Story:
    """What is asked, in its order."""

    def __init__(self, base, key):
        client = stripe.StripeClient(key, base_addresses={"api": base}, max_network_retries=0)
        self.stripe = client.v1

    def tell(self):
        self.customers()
        self.replays()
        self.tax_rates()
        self.invoices_that_are_sent()
        self.lines_on_pages()
        self.finalising()
        self.credit_notes()
        self.invoices_that_are_charged()
        self.refunds()
        self.cards_that_are_declined()
        self.ends_of_invoices()
        self.lists()
        self.events()
        self.refusals()

    def customer(self, card=None):
        asked = {"name": "Ada & Söhne", "email": "ada@example.com", "metadata": {"rialto": RUN}}
        if card is not None:
            asked |= {"payment_method": card, "invoice_settings": {"default_payment_method": card}}
        return self.stripe.customers.create(params=asked)

    def customers(self):
        self.sent_to = self.customer()
        # Its own clock, which may be another than ours.
        self.begun = self.sent_to.created
        holds("a customer's id begins with cus_", self.sent_to.id.startswith("cus_"))
        same("a customer's object", self.sent_to.object, "customer")
        same("a customer's name", self.sent_to.name, "Ada & Söhne")
        same("a test customer's livemode", self.sent_to.livemode, False)
        changed = self.stripe.customers.update(self.sent_to.id, params={"metadata": {"more": "1"}})
        same("metadata, added to", changed.metadata.to_dict(), {"rialto": RUN, "more": "1"})
        changed = self.stripe.customers.update(self.sent_to.id, params={"metadata": {"more": ""}})
        same("metadata, taken from", changed.metadata.to_dict(), {"rialto": RUN})
        found = self.stripe.customers.retrieve(self.sent_to.id)
        same("a customer, read back", found.id, self.sent_to.id)

    def replays(self):
        asked = {"name": "once", "metadata": {"rialto": RUN}}
        options = {"idempotency_key": f"contract-{RUN}"}
        first = self.stripe.customers.create(params=asked, options=options)
        again = self.stripe.customers.create(params=asked, options=options)
        same("the answer under the same key", again.id, first.id)
        same("an answer's Idempotent-Replayed", first.last_response.headers.get("Idempotent-Replayed"), None)
        same("a replay's Idempotent-Replayed", again.last_response.headers.get("Idempotent-Replayed"), "true")
        refused(
            "a key is used for something else",
            stripe.IdempotencyError,
            lambda: self.stripe.customers.create(params={"name": "twice"}, options=options),
            http_status=400,
        )
        options = {"idempotency_key": f"contract-bad-{RUN}"}
        for _ in range(2):
            refused(
                "a customer has a colour",
                stripe.InvalidRequestError,
                lambda: self.stripe.customers.create(params={"colour": "red"}, options=options),
                http_status=400,
            )

    def tax_rates(self):
        asked = {"display_name": "IVA", "percentage": 22.0, "inclusive": False, "country": "IT"}
        self.tax_rate = self.stripe.tax_rates.create(params=asked)
        same("a tax rate's percentage", self.tax_rate.percentage, 22.0)
        same("a tax rate's inclusive", self.tax_rate.inclusive, False)
        same("a new tax rate's active", self.tax_rate.active, True)

    def draft(self, customer, **more):
        asked = {
            "customer": customer.id,
            "currency": "eur",
            "auto_advance": False,
            "pending_invoice_items_behavior": "exclude",
            "metadata": {"rialto": RUN},
        }
        invoice = self.stripe.invoices.create(params=asked | more)
        same("a new invoice's status", invoice.status, "draft")
        same("a new invoice's total", invoice.total, 0)
        return invoice

    def sent(self):
        return self.draft(self.sent_to, collection_method="send_invoice", days_until_due=30)

    def one_line(self, invoice, amount):
        return self.stripe.invoices.add_lines(
            invoice.id, params={"lines": [{"amount": amount, "description": "an hour of work"}]}
        )

    def invoices_that_are_sent(self):
        invoice = self.draft(
            self.sent_to,
            collection_method="send_invoice",
            days_until_due=30,
            default_tax_rates=[self.tax_rate.id],
            description="September",
        )
        same("an invoice's metadata", invoice.metadata.to_dict(), {"rialto": RUN})
        same("a draft's number", invoice.number, None)
        lines = [
            {
                "amount": 1000 + place,
                "description": f"line {place}",
                "metadata": {"place": str(place)},
                "period": {"start": self.begun - DAY_S, "end": self.begun},
            }
            for place in range(5)
        ]
        changed = self.stripe.invoices.add_lines(invoice.id, params={"lines": lines})
        same("the subtotal of five lines", changed.subtotal, 5010)
        same("the total with 22 % of tax", changed.total, 6112)
        same("the tax", sum(tax.amount for tax in changed.total_taxes), 1102)
        item = self.stripe.invoice_items.create(
            params={"customer": self.sent_to.id, "invoice": invoice.id, "amount": 90, "currency": "eur"}
        )
        holds("an item's id begins with ii_", item.id.startswith("ii_"))
        same("an item's amount", item.amount, 90)
        self.stripe.invoice_items.delete(item.id)
        self.invoice = self.stripe.invoices.retrieve(invoice.id)
        same("the subtotal without the item", self.invoice.subtotal, 5010)

    def lines_on_pages(self):
        first = self.stripe.invoices.line_items.list(self.invoice.id, params={"limit": 2})
        same("the lines of a first page of two", len(first.data), 2)
        same("has_more of a first page", first.has_more, True)
        lines = list(first.auto_paging_iter())
        same("the lines of all pages", len({line.id for line in lines}), 5)
        same("what they say", {line.metadata["place"] for line in lines}, set("01234"))
        same("what they come to", sum(line.amount for line in lines), 5010)
        holds("a line's id begins with il_", all(line.id.startswith("il_") for line in lines))
        last = self.stripe.invoices.line_items.list(self.invoice.id, params={"limit": 2, "starting_after": lines[3].id})
        same("has_more of the last page", (len(last.data), last.has_more), (1, False))

    def finalising(self):
        opened = self.stripe.invoices.finalize_invoice(self.invoice.id, params={"auto_advance": False})
        same("a finalised invoice's status", opened.status, "open")
        holds("a finalised invoice has a number", bool(opened.number))
        same("what is due", (opened.amount_due, opened.amount_paid, opened.amount_remaining), (6112, 0, 6112))
        holds("it is due in 30 days", abs(opened.due_date - self.begun - 30 * DAY_S) <= DAY_S)
        holds("it says when it was finalised", bool(opened.status_transitions.finalized_at))
        refused(
            "lines are added to an open invoice", stripe.InvalidRequestError, lambda: self.one_line(opened, 100)
        )
        refused(
            "an invoice is finalised twice",
            stripe.InvalidRequestError,
            lambda: self.stripe.invoices.finalize_invoice(opened.id),
        )
        sent = self.stripe.invoices.send_invoice(opened.id)
        same("a sent invoice's status", sent.status, "open")

    def credit_notes(self):
        note = self.stripe.credit_notes.create(params={"invoice": self.invoice.id, "amount": 112, "memo": "a gift"})
        holds("a credit note's id begins with cn_", note.id.startswith("cn_"))
        same("a credit note's status", note.status, "issued")
        same("a credit note's total", note.total, 112)
        same("of which invoice it is", note.invoice, self.invoice.id)
        invoice = self.stripe.invoices.retrieve(self.invoice.id)
        same("what remains to be paid", invoice.amount_remaining, 6000)
        same("what was credited before it was paid", invoice.pre_payment_credit_notes_amount, 112)
        refused(
            "more is credited than is owed",
            stripe.InvalidRequestError,
            lambda: self.stripe.credit_notes.create(params={"invoice": self.invoice.id, "amount": 6001}),
        )
        notes = self.stripe.credit_notes.list(params={"invoice": self.invoice.id})
        same("the credit notes of the invoice", [found.id for found in notes.data], [note.id])

    def invoices_that_are_charged(self):
        charged = self.customer(card="pm_card_visa")
        invoice = self.draft(charged, collection_method="charge_automatically")
        self.one_line(invoice, 2500)
        self.stripe.invoices.finalize_invoice(invoice.id, params={"auto_advance": False})
        paid = self.stripe.invoices.pay(invoice.id)
        same("a paid invoice's status", paid.status, "paid")
        same("what was paid", (paid.amount_due, paid.amount_paid, paid.amount_remaining), (2500, 2500, 0))
        holds("it says when it was paid", bool(paid.status_transitions.paid_at))
        refused(
            "an invoice is paid twice", stripe.InvalidRequestError, lambda: self.stripe.invoices.pay(invoice.id)
        )
        self.paid = paid

    def refunds(self):
        payments = self.stripe.invoice_payments.list(params={"invoice": self.paid.id})
        same("the payments of an invoice that was paid once", len(payments.data), 1)
        payment = payments.data[0]
        same("a payment's status and amount", (payment.status, payment.amount_paid), ("paid", 2500))
        same("a payment's type", payment.payment.type, "payment_intent")
        intent = payment.payment.payment_intent
        asked = {"payment_intent": intent, "amount": 1000, "reason": "requested_by_customer"}
        refund = self.stripe.refunds.create(params=asked)
        same("a refund's status and amount", (refund.status, refund.amount), ("succeeded", 1000))
        same("of what it is a refund", refund.payment_intent, intent)
        refused(
            "more is refunded than is left",
            stripe.InvalidRequestError,
            lambda: self.stripe.refunds.create(params={"payment_intent": intent, "amount": 1501}),
        )
        same("an invoice's status after a refund", self.stripe.invoices.retrieve(self.paid.id).status, "paid")

    def cards_that_are_declined(self):
        unlucky = self.customer(card="pm_card_chargeCustomerFail")
        invoice = self.draft(unlucky, collection_method="charge_automatically")
        self.one_line(invoice, 2500)
        self.stripe.invoices.finalize_invoice(invoice.id, params={"auto_advance": False})
        refused(
            "a card is declined",
            stripe.CardError,
            lambda: self.stripe.invoices.pay(invoice.id),
            http_status=402,
            code="card_declined",
        )
        found = self.stripe.invoices.retrieve(invoice.id)
        same("an invoice that could not be charged", (found.status, found.amount_paid), ("open", 0))

    def ends_of_invoices(self):
        voided = self.sent()
        self.one_line(voided, 700)
        self.stripe.invoices.finalize_invoice(voided.id)
        same("a void invoice's status", self.stripe.invoices.void_invoice(voided.id).status, "void")
        refused(
            "a void invoice is paid", stripe.InvalidRequestError, lambda: self.stripe.invoices.pay(voided.id)
        )
        lost = self.sent()
        self.one_line(lost, 700)
        self.stripe.invoices.finalize_invoice(lost.id)
        same("a lost invoice's status", self.stripe.invoices.mark_uncollectible(lost.id).status, "uncollectible")
        outside = self.stripe.invoices.pay(lost.id, params={"paid_out_of_band": True})
        same("an invoice paid elsewhere", outside.status, "paid")
        unwanted = self.sent()
        same("a deleted draft", self.stripe.invoices.delete(unwanted.id).deleted, True)
        refused(
            "an open invoice is deleted",
            stripe.InvalidRequestError,
            lambda: self.stripe.invoices.delete(self.invoice.id),
        )

    def lists(self):
        asked = {"customer": self.sent_to.id, "limit": 1}
        page = self.stripe.invoices.list(params=asked)
        same("the invoices of a page of one", (len(page.data), page.has_more), (1, True))
        # Of four one was deleted; the newest is first.
        invoices = list(page.auto_paging_iter())
        same("the invoices of a customer", len({invoice.id for invoice in invoices}), 3)
        same("the oldest of them", invoices[-1].id, self.invoice.id)
        same("where it is found again", invoices[-1].metadata["rialto"], RUN)
        opened = self.stripe.invoices.list(params={"customer": self.sent_to.id, "status": "open"})
        same("the open ones", [invoice.id for invoice in opened.data], [self.invoice.id])

    def events(self):
        asked = {"limit": 5, "created": {"gte": self.begun - DAY_S}}
        events = list(self.stripe.events.list(params=asked).auto_paging_iter())
        holds("events have ids of their own", len({event.id for event in events}) == len(events))
        holds("events begin with evt_", all(event.id.startswith("evt_") for event in events))
        holds("the newest event is first", all(b.created <= a.created for a, b in zip(events, events[1:])))
        of = lambda id: {event.type for event in events if getattr(event.data.object, "id", None) == id}
        told = of(self.invoice.id)
        for kind in ("invoice.created", "invoice.finalized", "invoice.sent"):
            holds(f"{kind} is told of an invoice that was sent", kind in told)
        holds("invoice.paid is told of an invoice that was charged", "invoice.paid" in of(self.paid.id))
        same("the version of an event", events[0].api_version, stripe.api_version)
        paid = self.stripe.events.list(params={"type": "invoice.paid", "limit": 100})
        same("events of one type", {event.type for event in paid.data}, {"invoice.paid"})
        one = self.stripe.events.retrieve(events[0].id)
        same("an event, read back", (one.id, one.type), (events[0].id, events[0].type))

    def refusals(self):
        for what, ask, expected in [
            (
                "an invoice has an amount",
                lambda: self.stripe.invoices.create(params={"customer": self.sent_to.id, "amount": 100}),
                {"http_status": 400, "code": "parameter_unknown", "param": "amount"},
            ),
            (
                "no lines are added",
                lambda: self.stripe.invoices.add_lines(self.sent().id, params={}),
                {"http_status": 400, "code": "parameter_missing", "param": "lines"},
            ),
            (
                "there is no such invoice",
                lambda: self.stripe.invoices.retrieve("in_none"),
                {"http_status": 404, "code": "resource_missing"},
            ),
            (
                "there is no such customer",
                lambda: self.stripe.invoices.create(params={"customer": "cus_none"}),
                {"http_status": 400, "code": "resource_missing", "param": "customer"},
            ),
            (
                "an invoice that is charged is due later",
                lambda: self.stripe.invoices.create(
                    params={
                        "customer": self.sent_to.id,
                        "collection_method": "charge_automatically",
                        "days_until_due": 30,
                    }
                ),
                {"http_status": 400},
            ),
            (
                "an invoice that is sent is never due",
                lambda: self.stripe.invoices.create(
                    params={"customer": self.sent_to.id, "collection_method": "send_invoice"}
                ),
                {"http_status": 400},
            ),
        ]:
            refused(what, stripe.InvalidRequestError, ask, **expected)


def main(arguments):
    base, key = (arguments + ["sk_test_contract"])[:2]
    try:
        Story(base.rstrip("/"), key).tell()
    except (Mismatch, stripe.StripeError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(f"usage: {sys.argv[0]} BASE_URL [KEY]")
    sys.exit(main(sys.argv[1:]))
