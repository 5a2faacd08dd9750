// Vendor JSON as the gateway's records. Every class has one getter for each field, so that only what is
// selected is computed (lazy); with MAP=eager its getters are copied into a plain object, as the object
// literals that most people write would be.
import { day, dayNumber, fromMajor, fromMinor, globalId, isoMoment, moment, today } from './values.mjs';

const EAGER = process.env.MAP !== 'lazy';
const words = (pairs) => new Map(Object.entries(pairs));
const upper = (list) => words(Object.fromEntries(list.split(' ').map((word) => [word, word.toUpperCase()])));
const enumOf = (map, word) => (word == null ? null : (map.get(word) ?? 'UNKNOWN'));

const INVOICE_STATUS = upper('draft open paid void uncollectible');
const TICKET_STATUS = words({
  new: 'NEW', open: 'OPEN', pending: 'PENDING', hold: 'ON_HOLD', solved: 'SOLVED', closed: 'CLOSED',
});
const PRIORITY = upper('low normal high urgent');
const TICKET_TYPE = upper('question incident problem task');
const ACCOUNT_STATUS = words({ Active: 'ACTIVE', Inactive: 'INACTIVE' });
const PROCESSING = words({
  none: 'IN_PROGRESS', waiting: 'IN_PROGRESS', 'partially shipped': 'PARTIALLY_SHIPPED', sent: 'SHIPPED',
});


/** Give `(...parts) => record` for a class. */
function maker(Type) {
  if (!EAGER) return (...parts) => new Type(...parts);
  const names = Object.getOwnPropertyNames(Type.prototype).filter((name) => name !== 'constructor');
  const copy = new Function('it', `return { ${names.map((name) => `${name}: it.${name}`)} };`);
  return (...parts) => copy(new Type(...parts));
}

const sum = (parts, currency) =>
  parts == null ? null : fromMinor(parts.reduce((total, part) => total + part.amount, 0), currency);

class InvoiceLine {
  constructor(wire) { this.wire = wire; }
  get description() { return this.wire.description; }
  get quantity() { return this.wire.quantity_decimal ?? String(this.wire.quantity); }
  get amount() { return fromMinor(this.wire.amount, this.wire.currency); }
  get taxAmount() { return sum(this.wire.taxes, this.wire.currency); }
  get discountAmount() { return sum(this.wire.discount_amounts, this.wire.currency); }
  get periodStart() { return day(this.wire.period?.start); }
  get periodEnd() { return day(this.wire.period?.end); }
}

class Invoice {
  constructor(wire, head) { this.wire = wire; this.head = head; }
  get id() { return globalId(this.head, this.wire.id); }
  get number() { return this.wire.number; }
  get kind() { return 'INVOICE'; }
  get status() {
    const { status, amount_paid: paid } = this.wire;
    return status === 'open' && paid ? 'PARTIALLY_PAID' : enumOf(INVOICE_STATUS, status);
  }
  get statusLabel() { return this.wire.status; }
  get isOverdue() {
    const { status, due_date: due } = this.wire;
    return status === 'open' && due != null && dayNumber(due) < today();
  }
  get issuedOn() { return day(this.wire.created); }
  get dueOn() { return day(this.wire.due_date); }
  get paidAt() { return moment(this.wire.status_transitions?.paid_at); }
  get createdAt() { return moment(this.wire.created); }
  get currencyCode() { return this.wire.currency.toUpperCase(); }
  get subtotal() { return fromMinor(this.wire.subtotal, this.wire.currency); }
  get taxTotal() {
    const { total, total_excluding_tax: net, currency } = this.wire;
    return net == null ? null : fromMinor(total - net, currency);
  }
  get discountTotal() { return sum(this.wire.total_discount_amounts, this.wire.currency); }
  get total() { return fromMinor(this.wire.total, this.wire.currency); }
  get amountPaid() { return fromMinor(this.wire.amount_paid, this.wire.currency); }
  get amountDue() { return fromMinor(this.wire.amount_remaining, this.wire.currency); }
  get payable() { return this.wire.status === 'open' && this.wire.amount_remaining > 0; }
  get purchaseOrderNumber() { return this.wire.metadata?.po_number ?? null; }
  get memo() { return this.wire.description; }
  get hostedUrl() { return this.wire.hosted_invoice_url; }
  get allLines() { return this.wire.lines.data.map(toLine); }
}

class Person {
  constructor(wire) { this.wire = wire; }
  get displayName() {
    const { role, name, alias } = this.wire;
    return alias && role !== 'end-user' ? alias : name;
  }
  get email() { return this.wire.role === 'end-user' ? this.wire.email : null; }
  get kind() { return this.wire.role === 'end-user' ? 'CUSTOMER' : 'STAFF'; }
}

class Ticket {
  constructor(wire, head, users) { this.wire = wire; this.head = head; this.users = users; }
  get id() { return globalId(this.head, String(this.wire.id)); }
  get number() { return String(this.wire.id); }
  get subject() { return this.wire.subject; }
  get status() { return enumOf(TICKET_STATUS, this.wire.status); }
  get statusLabel() { return this.wire.status; }
  get priority() { return enumOf(PRIORITY, this.wire.priority); }
  get type() { return enumOf(TICKET_TYPE, this.wire.type); }
  get requester() { return person(this.users.get(this.wire.requester_id)); }
  get assignee() { return person(this.users.get(this.wire.assignee_id)); }
  get createdAt() { return isoMoment(this.wire.created_at); }
  get updatedAt() { return isoMoment(this.wire.updated_at); }
  get lastActivityAt() { return isoMoment(this.wire.updated_at); }
  get canComment() { return this.wire.status !== 'closed'; }
}

class Profile {
  constructor(wire) { this.wire = wire; }
  get number() { return this.wire.AccountNumber; }
  get name() { return this.wire.Name; }
  get status() { return enumOf(ACCOUNT_STATUS, this.wire.Portal_Status__c); }
  get currencyCode() { return this.wire.CurrencyIsoCode; }
  get website() { return website(this.wire.Website); }
  get phone() { return this.wire.Phone; }
  get billingAddress() { return address(this.wire, 'Billing'); }
  get shippingAddress() { return address(this.wire, 'Shipping'); }
}

class Contact {
  constructor(wire, head) { this.wire = wire; this.head = head; }
  get id() { return globalId(this.head, this.wire.Id); }
  get displayName() { return this.wire.Name; }
  get givenName() { return this.wire.FirstName; }
  get familyName() { return this.wire.LastName; }
  get email() { return this.wire.Email; }
  get phone() { return this.wire.Phone; }
  get mobile() { return this.wire.MobilePhone; }
  get jobTitle() { return this.wire.Title; }
  get department() { return this.wire.Department; }
  get isPortalUser() { return Boolean(this.wire.Portal_Subject__c); }
  get createdAt() { return isoMoment(this.wire.CreatedDate); }
  get updatedAt() { return isoMoment(this.wire.LastModifiedDate); }
}

class Order {
  constructor(wire, head) { this.wire = wire; this.head = head; }
  get id() { return globalId(this.head, String(this.wire.id)); }
  get number() { return this.wire.number; }
  get status() { return orderStatus(this.wire); }
  get statusLabel() { return this.wire['state:string']; }
  get purchaseOrderNumber() { return this.wire.reference; }
  get placedAt() { return this.wire.sale_date && `${trytonDay(this.wire.sale_date)}T00:00:00Z`; }
  get promisedOn() { return this.wire.shipping_date && trytonDay(this.wire.shipping_date); }
  get createdAt() { return trytonMoment(this.wire.create_date); }
  get updatedAt() { return trytonMoment(this.wire.write_date ?? this.wire.create_date); }
  get currencyCode() { return this.wire.currency?.code ?? null; }
  get subtotal() { return trytonMoney(this.wire.untaxed_amount, this.wire.currency); }
  get taxTotal() { return trytonMoney(this.wire.tax_amount, this.wire.currency); }
  get total() { return trytonMoney(this.wire.total_amount, this.wire.currency); }
}

const person = (user) => (user === undefined ? null : toPerson(user));

function website(text) {
  const found = text?.trim();
  if (!found) return null;
  if (/^https?:\/\/\S+$/i.test(found)) return found;
  if (/^[A-Za-z0-9.-]+\.[A-Za-z]{2,63}(:\d{1,5})?([/?#]\S*)?$/.test(found)) return `https://${found}`;
  throw new Error('not an address of the web');
}

function address(wire, prefix) {
  const of = (name) => wire[prefix + name] ?? null;
  const street = (of('Street') ?? '').split(/\r?\n/).map((line) => line.trim()).filter(Boolean);
  const found = {
    name: wire.Name, line1: street[0] ?? null, line2: street.slice(1).join(', ') || null, city: of('City'),
    region: of('State'), postalCode: of('PostalCode'), countryCode: of('CountryCode'),
  };
  return found.line1 || found.city || found.region || found.postalCode || found.countryCode ? found : null;
}

function orderStatus({ state, shipment_state: shipments, invoice_state: invoices }) {
  if (state === 'processing') {
    if (shipments === 'exception' || invoices === 'exception') return 'ON_HOLD';
    return PROCESSING.get(shipments) ?? 'UNKNOWN';
  }
  return state === 'confirmed' ? 'CONFIRMED' : state === 'done' ? 'COMPLETED' : 'UNKNOWN';
}

const two = (number) => (number < 10 ? `0${number}` : String(number));
const trytonDay = (wire) => `${wire.year}-${two(wire.month)}-${two(wire.day)}`;
const trytonMoney = (wire, currency) => (wire == null ? null : fromMajor(wire.decimal, currency.code));

function trytonMoment(wire) {
  if (wire == null) return null;
  const fraction = wire.microsecond ? `.${String(wire.microsecond).padStart(6, '0')}` : '';
  return `${trytonDay(wire)}T${two(wire.hour)}:${two(wire.minute)}:${two(wire.second)}${fraction}Z`;
}

const toLine = maker(InvoiceLine);
const toPerson = maker(Person);
export const toInvoice = maker(Invoice);
export const toTicket = maker(Ticket);
export const toProfile = maker(Profile);
export const toContact = maker(Contact);
export const toOrder = maker(Order);
