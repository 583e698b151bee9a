// The revenue page's script. The page is whole without it; it keeps the page fresh, and answers the search in place.
//
// What is new comes as parts of the page, made where the page is made, of texts that are escaped there; it goes in the place
// of what was there. Nothing is reckoned here. Figures that may be out of date are greyed and said to be so.

const SILENT_MS_MAX = 40_000; // a comment comes every 15 seconds
const WAIT_MS = 1_000;
const WAIT_MS_MAX = 15_000;
const SPEAK_EVERY_MS = 60_000;

const at = (id) => document.getElementById(id);

let token = "";
let known = at("content").dataset.state;
let watching = null;
let spoken = "";
let spoken_at_ms = performance.now(); // what is there at first is read as the page is
const pending = new Map();

const isLocked = () => at("figures").hidden;
if (!isLocked()) watch();

document.addEventListener("visibilitychange", () => (document.hidden ? watching?.abort() : isLocked() || watch()));
window.addEventListener("online", () => isLocked() || watch());
window.addEventListener("pageshow", ({ persisted }) => persisted && !isLocked() && watch());
window.addEventListener("popstate", () => isLocked() || watch());
document.addEventListener("selectionchange", settle);

at("token-form").addEventListener("submit", (event) => {
  event.preventDefault();
  token = at("token").value;
  at("token").value = "";
  known = "";
  watch();
});

at("why-form").addEventListener("submit", (event) => {
  event.preventDefault();
  ask(at("why").value.trim());
});

document.addEventListener("click", (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey || !(event.target instanceof Element)) return;
  const link = event.target.closest("a");
  if (link?.dataset.why) {
    event.preventDefault();
    at("why").value = link.dataset.why;
    ask(link.dataset.why);
  } else if (link?.closest(".choices")) {
    event.preventDefault();
    history.pushState(null, "", link.href);
    watch();
  }
});

// ── watching ──

// Listens for as long as the page is looked at; where that ends, tries again, each time after a longer while.
async function watch() {
  watching?.abort();
  watching = new AbortController();
  const { signal } = watching;
  let wait_ms = WAIT_MS;
  while (!signal.aborted) {
    try {
      await listen(signal, () => (wait_ms = WAIT_MS));
      lost("Rialto is stopping, or was restarted.");
    } catch (fault) {
      if (signal.aborted) return;
      if (!(fault instanceof Fault)) console.error(fault);
      lost(fault instanceof Fault ? fault.message : "Rialto’s answer could not be read.", fault.wantsToken);
      if (fault.wantsToken) return;
    }
    await new Promise((resolve) => setTimeout(resolve, wait_ms));
    wait_ms = Math.min(2 * wait_ms, WAIT_MS_MAX);
  }
}

async function listen(signal, heard) {
  const silence = new AbortController();
  let timer = 0;
  const wait = () => {
    clearTimeout(timer);
    timer = setTimeout(() => silence.abort(), SILENT_MS_MAX);
  };
  wait();
  try {
    const headers = { accept: "text/event-stream", "last-event-id": known };
    const answer = await get(`page/live?${selection()}`, headers, AbortSignal.any([signal, silence.signal]));
    found();
    let text = "";
    for await (const piece of answer.body.pipeThrough(new TextDecoderStream())) {
      wait();
      heard();
      const events = (text + piece).split("\n\n");
      text = events.pop();
      events.forEach(take);
    }
  } catch (fault) {
    if (fault instanceof Fault || signal.aborted) throw fault;
    throw new Fault("Rialto cannot be reached.");
  } finally {
    clearTimeout(timer);
  }
}

// The fields of an event; a comment is none.
function take(event) {
  const fields = new Map(event.split("\n").map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1)]));
  if (fields.get("event") !== "figures") return;
  const { title, spoken, parts } = JSON.parse(fields.get("data"));
  known = fields.get("id");
  at("content").dataset.state = known;
  document.title = title;
  for (const [id, html] of Object.entries(parts)) pending.set(id, html);
  settle();
  speak(spoken);
}

// What of the page is looked at, as its address says.
function selection() {
  const all = new URLSearchParams(location.search);
  const kept = ["currency", "period"].filter((name) => all.has(name));
  return new URLSearchParams(kept.map((name) => [name, all.get(name)]));
}

// Why there is no answer, in words for the reader of the page.
class Fault extends Error {
  constructor(message, wantsToken = false) {
    super(message);
    this.wantsToken = wantsToken;
  }
}

async function get(path, headers, signal) {
  if (token) headers.authorization = `Bearer ${token}`;
  const answer = await fetch(path, { headers, signal, cache: "no-store" }).catch((fault) => {
    if (signal?.aborted) throw fault;
    throw new Fault("Rialto cannot be reached.");
  });
  if (answer.ok) return answer;
  const { message, help } = (await answer.json().catch(() => ({}))).error ?? {};
  const words = [`Rialto answered ${answer.status}${message ? `: ${message}` : ""}`, help];
  throw new Fault(words.filter(Boolean).map(sentence).join(" "), answer.status === 401 || answer.status === 403);
}

function sentence(words) {
  return `${words[0].toUpperCase()}${words.slice(1)}${/[.!?]$/.test(words) ? "" : "."}`;
}

// ── showing ──

function lost(words, wantsToken = false) {
  const isThere = !isLocked();
  put("fault", isThere && !wantsToken ? `${words} The figures below are the last it gave, and may be out of date.` : words);
  document.body.classList.toggle("stale", isThere);
  at("token-form").hidden = !wantsToken && isThere;
}

function found() {
  if (at("fault").textContent) put("spoken", "Rialto answers again.");
  put("fault", "");
  document.body.classList.remove("stale");
  const form = at("token-form");
  const hadFocus = form.contains(document.activeElement);
  form.hidden = true;
  at("figures").hidden = false;
  if (hadFocus) at("content").focus();
}

// Puts each new part in its place, but none under somebody's selection: that waits until he is done.
function settle() {
  const selected = getSelection();
  for (const [id, html] of pending) {
    if (selected && !selected.isCollapsed && selected.containsNode(at(id), true)) continue;
    pending.delete(id);
    swap(at(id), html);
  }
}

function swap(part, html) {
  const open = [...part.querySelectorAll("details[open]")].map(({ id }) => id);
  const focus = part.contains(document.activeElement) ? document.activeElement : null;
  const rows = new Set([...part.querySelectorAll("[data-row]")].map(({ dataset }) => dataset.row));
  part.innerHTML = html;
  open.forEach((id) => at(id)?.setAttribute("open", ""));
  if (rows.size > 0) {
    for (const row of part.querySelectorAll("[data-row]")) row.classList.toggle("fresh", !rows.has(row.dataset.row));
  }
  if (!focus) return;
  const href = focus.getAttribute("href");
  const same = href ? [...part.querySelectorAll("a")].find((link) => link.getAttribute("href") === href) : part.querySelector(focus.localName);
  (same ?? at("content")).focus({ preventScroll: true });
}

async function ask(id) {
  if (!id) return;
  const place = at("found");
  try {
    place.innerHTML = await (await get(`page/why?id=${encodeURIComponent(id)}`, {})).text();
    // A link cannot carry a token, so where one is needed the path stands alone.
    if (token) place.querySelectorAll("a").forEach((link) => link.replaceWith(link.textContent));
  } catch (fault) {
    place.textContent = fault.message;
  }
  place.focus();
}

// Says the totals to a screen reader: when they changed, and at most once a minute.
function speak(words) {
  if (words === spoken || performance.now() - spoken_at_ms < SPEAK_EVERY_MS) return;
  spoken = words;
  spoken_at_ms = performance.now();
  put("spoken", words);
}

function put(id, text) {
  if (at(id).textContent !== text) at(id).textContent = text;
}
