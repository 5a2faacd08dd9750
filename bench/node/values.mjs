// Single values, as the gateway answers them: exact money, days, moments, global ids.

const TWO = 'AED AUD BRL CAD CHF CNY CZK DKK EUR GBP HUF INR ISK MXN NOK NZD PLN RON SEK SGD TRY UGX USD ZAR';
const EXPONENTS = new Map([
  ...TWO.split(' ').map((code) => [code, 2]),
  ...'BIF CLP DJF GNF JPY KMF KRW PYG RWF VND VUV XAF XOF XPF'.split(' ').map((code) => [code, 0]),
  ...'BHD IQD JOD KWD LYD OMR TND'.split(' ').map((code) => [code, 3]),
]);
const UPPER = new Map();
for (const code of EXPONENTS.keys()) {
  UPPER.set(code, code);
  UPPER.set(code.toLowerCase(), code);
}

/** Money of an integer count of the currency's smallest unit, without a float on the way. */
export function fromMinor(minor, currency) {
  const currencyCode = UPPER.get(currency);
  if (currencyCode === undefined) throw new Error('unknown currency');
  if (!Number.isSafeInteger(minor)) throw new Error('not a whole amount');
  const exponent = EXPONENTS.get(currencyCode);
  if (exponent === 0) return { amount: String(minor), currencyCode };
  const digits = String(minor < 0 ? -minor : minor).padStart(exponent + 1, '0');
  const point = digits.length - exponent;
  const amount = `${minor < 0 ? '-' : ''}${digits.slice(0, point)}.${digits.slice(point)}`;
  return { amount, currencyCode };
}

/** Money of a decimal text; more decimals than the currency has is an error, not a rounding. */
export function fromMajor(text, currency) {
  const currencyCode = UPPER.get(currency);
  if (currencyCode === undefined) throw new Error('unknown currency');
  const exponent = EXPONENTS.get(currencyCode);
  if (!/^-?\d+(\.\d+)?$/.test(text)) throw new Error('not a number');
  const point = text.indexOf('.');
  const whole = point < 0 ? text : text.slice(0, point);
  const decimals = (point < 0 ? '' : text.slice(point + 1)).padEnd(exponent, '0');
  if (/[1-9]/.test(decimals.slice(exponent))) throw new Error('more decimals than the currency has');
  return { amount: exponent ? `${whole}.${decimals.slice(0, exponent)}` : whole, currencyCode };
}

/** Seconds since 1970 -> `2026-01-31`. */
export const day = (seconds) =>
  seconds == null ? null : new Date(seconds * 1000).toISOString().slice(0, 10);

/** Seconds since 1970 -> `2026-01-31T09:30:00Z`. */
export const moment = (seconds) =>
  seconds == null ? null : `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`;

/** ISO 8601 with its zone -> the same moment in UTC; a fraction only where there is one. */
export function isoMoment(text) {
  if (text == null) return null;
  const found = new Date(text).toISOString();
  return found.endsWith('.000Z') ? `${found.slice(0, 19)}Z` : `${found.slice(0, 23)}000Z`;
}

/** The day that a moment in seconds since 1970 is in, counted. */
export const dayNumber = (seconds) => Math.floor(seconds / 86400);
export const today = () => dayNumber(Date.now() / 1000);

// Global ids are written as latin1 text: one character for each byte of msgpack.
function packed(value) {
  const bytes = Buffer.from(value);
  if (bytes.length > 255) throw new Error('a text of an id is too long');
  const head = bytes.length < 32 ? [0xa0 | bytes.length] : [0xd9, bytes.length];
  return Buffer.from([...head, ...bytes]).toString('latin1');
}

/** What the ids of one kind of record in one account begin with. */
export const idHead = (type, connector, account) =>
  `\x95\x01${packed(type)}${packed(connector)}${packed(account)}`;

const SHORT = Array.from({ length: 32 }, (_, length) => String.fromCharCode(0xa0 | length));
const scratch = Buffer.alloc(1024);

/** base64url(msgpack([1, type, connector, account key, native id])); these systems' ids are ASCII. */
export function globalId(head, nativeId) {
  const tail = nativeId.length < 32 ? SHORT[nativeId.length] + nativeId : packed(nativeId);
  return scratch.base64urlSlice(0, scratch.latin1Write(head + tail, 0));
}

export const accountId = (key) => globalId(idHead('Account', '', key), key);

/** The account key that an Account's global id names; null for any other text. */
export function accountKey(id) {
  const raw = Buffer.from(id, 'base64url');
  const start = 2 + 8 + 1; // array and version, "Account", no connector
  if (raw.length <= start) return null;
  const length = raw[start] & 0x1f;
  const key = raw.toString('utf8', start + 1, start + 1 + length);
  return accountId(key) === id ? key : null;
}

/** Tell whose a record is; a foreign one is an error. */
export function own(owner, expected) {
  if (owner !== expected) throw new Error('a record of another owner');
}
