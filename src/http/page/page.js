// The revenue page's script: reads the dashboard, the latest charges and the rollout, again and again, and shows them.
//
// An amount stays the exact decimal text it came as: it is never summed, compared or rounded here, and
// only a bar's width is ever a float. What came from outside is only ever shown as text, never as markup.
// Figures that may be out of date are greyed and said to be so.

const REQUEST_MS_MAX = 5_000;
const WAIT_MS_MAX = 15_000;
const SPEAK_EVERY_MS = 60_000;

const PERIODS = ["today", "week", "month"];
const PERIOD_WORDS = { today: "today", week: "this week", month: "this month", all_time: "in all time" };
const STATE_WORDS = { waiting: "waiting for the first charge", reached: "reached", on: "on pace", behind: "behind", missed: "missed" };
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const FIRST_STEP = "No charge yet: send an activity to POST /v1/activities";

const at = (id) => document.getElementById(id);

let token = "";
let period = "today";
let dashboard = null;
let chargesSeen = null;
let offset_minutes = null;
let spoken = "";
let spoken_at_ms = -Infinity;
const shown = new Map();

const currency = new URLSearchParams(location.search).get("currency");
const feeds = [
  watch({
    path: "api/revenue/dashboard" + (currency ? `?currency=${encodeURIComponent(currency)}` : ""),
    every_ms: 1_000,
    sections: [at("totals"), at("collecting"), at("targets"), at("earners")],
    show: showDashboard,
  }),
  watch({
    path: "v1/transactions?limit=12",
    every_ms: 2_000,
    sections: [at("charges")],
    show: showCharges,
  }),
  watch({
    path: "v1/rollout",
    every_ms: 3_000,
    sections: [],
    show: showPause,
  }),
];
const askAllNow = () => feeds.forEach((feed) => feed.askNow());
askAllNow();

document.addEventListener("visibilitychange", () => document.hidden || askAllNow());
window.addEventListener("online", askAllNow);

at("periods").addEventListener("click", ({ target }) => {
  const button = target.closest("button");
  if (!button) return;
  period = button.dataset.period;
  for (const each of at("periods").children) each.setAttribute("aria-pressed", String(each === button));
  if (dashboard) showEarners(dashboard);
});

at("token-form").addEventListener("submit", (event) => {
  event.preventDefault();
  token = at("token").value;
  at("token").value = "";
  askAllNow();
});

// ── asking ──

// Asks for one path for as long as the page is looked at; waits twice as long after each failure.
function watch({ path, every_ms, sections, show }) {
  const feed = { fault: null, answered: false, askNow };
  let timer = 0;
  let asking = false;
  let failures = 0;

  async function askNow() {
    clearTimeout(timer);
    if (asking || document.hidden) return;
    asking = true;
    let wait_ms = every_ms;
    try {
      show(await ask(path));
      feed.fault = null;
      feed.answered = true;
      if (failures > 0) feeds.filter((other) => other.fault).forEach((other) => other.askNow());
      failures = 0;
    } catch (error) {
      feed.fault = error instanceof Fault ? error : new Fault("Rialto’s answer could not be read.");
      if (feed.fault !== error) {
        console.error(error);
        shown.clear(); // half of it may have been shown
      }
      failures += 1;
      wait_ms = Math.max(feed.fault.retry_ms, Math.min(every_ms * 2 ** failures, WAIT_MS_MAX));
    }
    for (const section of sections) section.classList.toggle("stale", feed.answered && feed.fault !== null);
    showFaults();
    asking = false;
    timer = setTimeout(askNow, wait_ms);
  }

  return feed;
}

// Why there is no answer, in words for the reader of the page.
class Fault extends Error {
  constructor(message, { retry_ms = 0, wantsToken = false } = {}) {
    super(message);
    this.retry_ms = retry_ms;
    this.wantsToken = wantsToken;
  }
}

async function ask(path) {
  const headers = { accept: "application/json" };
  if (token) headers.authorization = `Bearer ${token}`;
  const signal = AbortSignal.timeout(REQUEST_MS_MAX);
  let response, text;
  try {
    response = await fetch(path, { headers, signal, cache: "no-store" });
    text = await response.text();
  } catch {
    throw new Fault("Rialto cannot be reached.");
  }
  if (response.ok) return JSON.parse(text);
  throw new Fault(refusal(response.status, text), {
    retry_ms: 1_000 * (parseInt(response.headers.get("retry-after"), 10) || 0),
    wantsToken: response.status === 401 || response.status === 403,
  });
}

function refusal(status, text) {
  try {
    const { message, help } = JSON.parse(text).error;
    return [`Rialto answered ${status}: ${message}`, help].filter(Boolean).map(sentence).join(" ");
  } catch {
    return `Rialto answered ${status}.`;
  }
}

function sentence(text) {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

// ── showing ──

function showFaults() {
  const [totals, charges] = feeds;
  const before = at("notice").textContent;
  let words = "";
  if (totals.fault) {
    words = totals.fault.message;
    words += totals.answered ? " The figures below are the last it gave, and may be out of date." : " Figures will appear here once it answers.";
  } else if (totals.answered && charges.fault) {
    words = "The latest charges could not be read and may be out of date. The figures are current.";
  }
  put("notice", words);
  if (dashboard) {
    const today = `${money(dashboard.today, dashboard.currency)} today`;
    document.title = `${totals.fault ? `(${today})` : today} · Rialto`;
  }
  if (before && !words) put("spoken", "Rialto answers again.");

  const form = at("token-form");
  const wanted = feeds.some(({ fault }) => fault?.wantsToken);
  if (!wanted && form.contains(document.activeElement)) at("name").focus();
  form.hidden = !wanted;
}

function showDashboard(answer) {
  dashboard = answer;
  showAsOf(answer.as_of); // which tells the time zone of all others
  showTotals(answer);
  showCollecting(answer);
  showTargets(answer);
  showEarners(answer);
  speakTotals(answer);
}

function showTotals({ currency, live, shadow, held, ...totals }) {
  for (const name of PERIODS) {
    const figure = money(totals[name], currency);
    put(name, figure);
    at(name).style.setProperty("--length", figure.length);
    put(`${name}-live`, money(live[name], currency));
    put(`${name}-shadow`, money(shadow[name], currency));
  }
  put("all-time", `In all time: live ${money(live.all_time, currency)}, shadow ${money(shadow.all_time, currency)}.`);
  put("held", `Held back, and in no sum until it is released: ${money(held, currency)}.`);
  at("held").hidden = isZero(held);
  at("badge").hidden = !isZero(live.all_time);
}

// What was earned, what may be collected of it, and what was: three figures, and taxes beside them.
function showCollecting({ currency, live, collectable, collected }) {
  const amounts = [["earned", live.all_time], ["collectable", collectable?.amount], ["collected", collected.all_time]];
  for (const [id, amount] of amounts) put(id, amount ? money(amount, currency) : "–");
  if (!collectable) return put("collectable-of", "still being worked out");
  const { due, invoiced, fees, waiting, without_payer, invoiced_tax, collected_tax, as_of } = collectable;
  const figure = (amount) => money(amount, currency);
  put("collectable-of", `${figure(due)} due and ${figure(invoiced)} invoiced, less some ${figure(fees)} for Stripe; as of ${moment(as_of).clock}`);
  put("uncollected", `Not collectable now: ${figure(waiting)} waits, mostly below the minimum; ${figure(without_payer)} has nobody who pays.`);
  at("uncollected").hidden = isZero(waiting) && isZero(without_payer);
  put("taxes", `Taxes are in none of these: ${figure(invoiced_tax)} invoiced and not paid, ${figure(collected_tax)} collected.`);
}

function showAsOf(as_of) {
  const [, sign, hours, minutes] = /([+-])(\d\d):?(\d\d)$/.exec(as_of) ?? [null, "+", "00", "00"];
  offset_minutes = Number(`${sign}1`) * (60 * Number(hours) + Number(minutes));
  const { day, year, clock } = moment(as_of);
  put("as-of", `${day} ${year}, ${clock} (UTC${sign === "-" ? "−" : "+"}${hours}:${minutes})`);
  at("as-of").dateTime = as_of;
}

function showTargets({ targets, currency }) {
  if (unchanged("targets", [targets, currency])) return;
  at("target-list").replaceChildren(...targets.map((target) => {
    const { name, goal, reached, basis, done } = target;
    const words = `${money(reached, currency)} of ${money(goal, currency)} ${basis}`;
    const bar = make("progress", { className: done ? "full" : "", max: 1 });
    // A bar that looks full must mean a target that is reached.
    bar.value = done ? 1 : Math.min(ratio(reached, goal), 0.99);
    bar.setAttribute("aria-label", name);
    bar.setAttribute("aria-valuetext", `${words}, ${STATE_WORDS[target.state] ?? target.state}`);
    const far = make("span", {}, words);
    if (done) far.append(" ", make("span", { className: "reached" }, "✓ reached"));
    return make("li", {}, make("bdi", {}, name), far, bar, ...(done ? [] : [beneath(...pace(target, currency))]));
  }));
  at("no-target").hidden = targets.length > 0;
  put("no-target", "No target is set. Each one will appear here, with how far along it is.");
}

// How a target stands, as `rialto targets` says it.
function pace({ state, rate_a_day, needed_a_day, projected }, currency) {
  const word = STATE_WORDS[state] ?? state;
  if (state !== "on" && state !== "behind") return [word];
  const rate = `: ${money(rate_a_day, currency)} a day of ${money(needed_a_day, currency)} needed`;
  return [make("strong", {}, word), rate, projected ? `; expected ${projected}` : ""];
}

// A pause of all goes before everybody's own phase, so that whoever looks at live figures has to know of it.
function showPause({ paused, halted }) {
  const halt = "All is halted until Rialto restarts: a pause could not be made durable. Nothing is live.";
  put("paused", paused ? "All is paused: nothing is live, whatever anybody’s own phase is." : halted ? halt : "");
}

function showEarners({ top_earners, top_earners_by_period, currency }) {
  const earners = period === "all_time" ? top_earners : top_earners_by_period[period];
  if (unchanged("earners", [period, earners, currency, top_earners.length])) return;
  const places = Math.max(...earners.map(({ amount }) => placesOf(amount)));
  at("earner-rows").replaceChildren(...earners.map(({ citizen_id, amount }, index) => {
    const share = make("span", { className: "share" });
    share.style.setProperty("--share", ratio(amount, earners[0].amount));
    const citizen = make("th", { scope: "row" }, make("bdi", {}, citizen_id), share);
    return make("tr", {}, make("td", { className: "rank" }, String(index + 1)), citizen, amountCell(amount, currency, places));
  }));
  put("earner-caption", `Citizens who earned most ${PERIOD_WORDS[period]}, live and shadow together`);
  put("no-earner", top_earners.length > 0 ? `Nobody has earned anything ${PERIOD_WORDS[period]} yet.` : FIRST_STEP);
  at("earner-table").hidden = earners.length === 0;
  at("no-earner").hidden = earners.length > 0;
}

function showCharges({ transactions }) {
  if (unchanged("charges", [transactions, offset_minutes, token !== ""])) return;
  const places = Math.max(...transactions.map(({ amount }) => placesOf(amount)));
  at("charge-rows").replaceChildren(...transactions.map((charge) => {
    const { day, clock } = moment(charge.occurred_at);
    const when = make("time", { dateTime: charge.occurred_at }, clock, beneath(day));
    const amount = amountCell(charge.amount, charge.currency, places);
    const stage = beneath(charge.stage);
    const word = whatBecame(charge);
    if (word) stage.append(" · ", make("strong", {}, word));
    if (charge.stage === "live" || charge.stage === "shadow") stage.classList.add(charge.stage);
    amount.append(stage);
    const row = make("tr", {},
      make("td", {}, when),
      make("th", { scope: "row" }, make("bdi", {}, charge.citizen_id ?? "–"), beneath(charge.business_id ?? ""), ruleAndId(charge)),
      amount);
    if (chargesSeen && !chargesSeen.has(charge.id)) row.className = "fresh";
    return row;
  }));
  chargesSeen = new Set(transactions.map(({ id }) => id));
  put("no-charge", FIRST_STEP);
  at("charge-table").hidden = transactions.length === 0;
  at("no-charge").hidden = transactions.length > 0;
}

// What a row is, or what became of it, where it is no plain charge.
function whatBecame({ kind, held, released_by, reversed_by }) {
  if (kind !== "charge") return kind;
  if (reversed_by) return "taken back";
  if (released_by) return "released";
  return held ? "held" : "";
}

// A link cannot carry the token, so where one is needed the id stands alone.
function ruleAndId({ rule, id }) {
  const name = token ? make("bdi", {}, id) : make("a", { href: `v1/transactions/${encodeURIComponent(id)}` }, id);
  return beneath(make("bdi", {}, rule), " · ", name);
}

// Says the totals to a screen reader: when they changed, and at most once a minute.
function speakTotals({ currency, ...totals }) {
  const words = PERIODS.map((name) => `${PERIOD_WORDS[name]} ${money(totals[name], currency)}`).join(", ");
  if (words === spoken || performance.now() - spoken_at_ms < SPEAK_EVERY_MS) return;
  spoken = words;
  spoken_at_ms = performance.now();
  put("spoken", `Revenue ${words}.`);
}

// ── amounts and times, as text ──

function money(amount, currency) {
  const [, minus, whole, fraction] = /^(-?)(\d+)(\.\d+)?$/.exec(amount);
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return `${minus && "−"}${symbol(currency)}${grouped}${fraction ?? ""}`;
}

function symbol(currency) {
  const known = { EUR: "€", USD: "$", GBP: "£", JPY: "¥" };
  return Object.hasOwn(known, currency) ? known[currency] : `${currency}\u00a0`;
}

function isZero(amount) {
  return /^-?0+(\.0+)?$/.test(amount);
}

function placesOf(amount) {
  return amount.length - 1 - (amount + ".").indexOf(".");
}

// For a bar's width, and for nothing else.
function ratio(part, whole) {
  const share = Number(part) / Number(whole);
  return share > 0 ? Math.min(share, 1) : 0;
}

// Day and clock of an instant, told in the time zone of the dashboard rather than the reader's.
function moment(text) {
  const shifted = offset_minutes === null ? null : new Date(Date.parse(text) + 60_000 * offset_minutes).toISOString();
  const [, year, month, day, clock] = /^(\d+)-(\d\d)-(\d\d)T(\d\d:\d\d:\d\d)/.exec(shifted ?? text);
  return { year, day: `${Number(day)} ${MONTHS[month - 1]}`, clock };
}

// ── the document ──

function put(id, text) {
  if (at(id).textContent !== text) at(id).textContent = text;
}

function make(name, properties, ...children) {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children);
  return element;
}

function beneath(...children) {
  return make("bdi", { className: "beneath" }, ...children);
}

function amountCell(amount, currency, places) {
  const digits = make("span", {}, money(amount, currency));
  digits.style.setProperty("--missing", places - placesOf(amount));
  return make("td", { className: "amount" }, digits);
}

// Whether a part of the page already shows this, so that a reader's selection and focus are left alone.
function unchanged(part, content) {
  const text = JSON.stringify(content);
  if (shown.get(part) === text) return true;
  shown.set(part, text);
  return false;
}
