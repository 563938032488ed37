"use strict";
// The page of the browser chat: fetches what changed, draws it, sends presses. Message text is built node by node from an allow-list
// of tags; nothing that comes from an alert is ever handed to the HTML parser of this page.
const asked = new URLSearchParams(location.search).get("lang");
const ru = asked ? asked === "ru" : navigator.language.startsWith("ru");
const say = ru
  ? {
      title: "Инциденты", who: "Я", chats: "Чаты", all: "Все", edited: "изменено", close: "Закрыть", quiet: "Всё спокойно",
      empty: "Здесь появятся сообщения об инцидентах. Чтобы увидеть первое, отправьте алерт:",
      offline: "Нет связи с сервисом, пробуем снова…",
      over: "Сессия закончилась. Запустите receiver serve или receiver demo снова и откройте новую ссылку.",
      other: ["en", "English"], first: "Первый алерт", command: "Команда", send: "Отправить", hint: "/help — все команды",
    }
  : {
      title: "Incidents", who: "I am", chats: "Chats", all: "All", edited: "edited", close: "Close", quiet: "All quiet",
      empty: "Messages about incidents will appear here. To see a first one, send an alert:",
      offline: "The service does not answer, trying again…",
      over: "The session is over. Start receiver serve or receiver demo again and open the new link.",
      other: ["ru", "Русский"], first: "A first alert", command: "Command", send: "Send", hint: "/help lists the commands",
    };
const STATES = { "🔴": "red", "🟠": "orange", "🟡": "yellow", "🟢": "green", "⚪": "white", "⬆": "red", "⚠": "orange" };
const TAGS = new Set(["B", "I", "U", "S", "CODE", "PRE", "BLOCKQUOTE", "A"]);
const $ = (id) => document.getElementById(id);
const make = (tag, fields = {}) => Object.assign(document.createElement(tag), fields);
const wait = (ms) => new Promise((done) => { setTimeout(done, ms); });
const messages = new Map();
const drawn = new Map();
let last = 0, chosen = "", people = "", places = [];

function dress() {
  document.documentElement.lang = ru ? "ru" : "en";
  document.title = say.title;
  document.querySelector("h1").textContent = say.title;
  $("who-label").textContent = say.who;
  $("chats").setAttribute("aria-label", say.chats);
  $("empty").querySelector("h2").textContent = say.quiet;
  $("empty").querySelector("p").textContent = say.empty;
  const alert = {
    status: "firing", labels: { alertname: "FirstAlert", service: "shop-api", severity: "critical" },
    annotations: { summary: say.first }, startsAt: new Date().toISOString(),
  };
  $("empty").querySelector("pre").textContent =
    `curl ${location.origin}/webhooks/alertmanager -H 'Content-Type: application/json' -d '${JSON.stringify({ version: "4", alerts: [alert] })}'`;
  Object.assign($("language"), { href: `?lang=${say.other[0]}`, textContent: say.other[1], lang: say.other[0] });
  $("say").querySelector("label").textContent = say.command;
  $("say").setAttribute("aria-label", say.command);
  $("say").querySelector("button").textContent = say.send;
  $("command").placeholder = say.hint;
  const close = $("toast").querySelector("button");
  close.setAttribute("aria-label", say.close);
  close.addEventListener("click", hush);
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") hush(); });
}

// A number and its unit stay on one line: `12 min`, `7,8 %`, `240/s`. The text itself is not changed: people copy it.
const MEASURED = /(\d[\d.,\u00a0]*(?: (?:%|мин|ч|д|с|min|h|d|s)|\/(?:мин|с|min|s))(?![\p{L}\d]))/u;
const held = (text) => text.split(MEASURED).map((part, n) => (n % 2 ? make("span", { className: "measured", textContent: part }) : part));

function safe(markup) {
  const out = document.createDocumentFragment();
  const copy = (from, to) => {
    for (const node of from.childNodes) {
      if (node.nodeType !== Node.ELEMENT_NODE) { if (node.nodeType === Node.TEXT_NODE) to.append(...held(node.textContent)); continue; }
      if (!TAGS.has(node.tagName)) { to.append(node.textContent || ""); continue; }
      const made = make(node.tagName);
      const href = node.getAttribute("href") || "";
      if (node.tagName === "A" && /^https?:/.test(href)) Object.assign(made, { href, target: "_blank", rel: "noopener noreferrer" });
      copy(node, made);
      to.append(made);
    }
  };
  copy(new DOMParser().parseFromString(markup, "text/html").body, out);
  return out;
}

const clock = (ms) => new Date(ms).toLocaleTimeString(ru ? "ru" : "en-GB", { hour: "2-digit", minute: "2-digit" });

function draw(m) {
  const item = make("li", { tabIndex: -1 });
  item.dataset.id = m.id;
  const card = make("div", { className: "card" });
  const replied = m.reply_to && messages.get(m.reply_to);
  if (replied) card.append(make("div", { className: "quote", textContent: safe(replied.html).textContent.split("\n")[0] }));
  const text = make("div", { className: "text" });
  text.append(safe(m.html));
  if (m.picture) {
    const source = `/chat/pictures/${encodeURIComponent(m.id)}?${m.picture}`;
    const link = make("a", { href: source, target: "_blank", rel: "noopener", className: "picture" });
    link.append(make("img", { src: source, alt: text.textContent, width: 1080, height: 720 }));
    card.append(link);
  }
  const state = text.textContent.split("\n", 2).map((line) => STATES[[...line][0]]).find(Boolean); // why it was sent may stand above it
  if (state) card.classList.add(state);
  const edited = m.edited_at ? ` · ${say.edited} ${clock(m.edited_at)}` : "";
  card.append(text, make("div", { className: "time", textContent: `${m.chat} · ${clock(m.at)}${edited}` }));
  item.append(card, ...m.buttons.map((row) => {
    const line = make("div", { className: "row" });
    line.append(...row.map((b) => {
      const button = make("button", { type: "button", textContent: b.label });
      button.dataset.verb = b.data.split(":")[1] || "";
      button.addEventListener("click", () => press(button, m, b.data));
      return button;
    }));
    return line;
  }));
  return item;
}

// Only what changed is drawn again, and who was on a button stays near it.
function put(m) {
  const old = drawn.get(m.id), fresh = draw(m);
  const verb = old && old.contains(document.activeElement) ? document.activeElement.dataset.verb : null;
  drawn.set(m.id, fresh);
  if (old && old.parentNode) old.replaceWith(fresh);
  if (verb !== null) (fresh.querySelector(`button[data-verb="${CSS.escape(verb || "")}"]`) || fresh).focus();
}

function show() {
  const chats = [...new Set([...messages.values()].map((m) => m.chat))].sort();
  $("chats").hidden = chats.length < 2;
  $("chats").replaceChildren(...["", ...chats].map((name) => {
    const tab = make("button", { type: "button", textContent: name || say.all });
    tab.setAttribute("aria-pressed", String(name === chosen));
    tab.addEventListener("click", () => {
      chosen = name; show();
      [...$("chats").children].find((b) => b.getAttribute("aria-pressed") === "true").focus();
    });
    return tab;
  }));
  const list = [...messages.values()].filter((m) => !chosen || m.chat === chosen).sort((a, b) => b.at - a.at || b.id - a.id);
  const wanted = list.map((m) => drawn.get(m.id));
  for (const item of [...$("messages").children]) if (!wanted.includes(item)) item.remove();
  wanted.forEach((item, n) => { if ($("messages").children[n] !== item) $("messages").insertBefore(item, $("messages").children[n] || null); });
  $("empty").hidden = messages.size > 0;
}

function toast(text) {
  $("toast").querySelector("p").textContent = text;
  $("toast").hidden = false;
  clearTimeout(toast.timer);
  toast.timer = setTimeout(hush, 4000 + 70 * text.length);
}
function hush() { $("toast").hidden = true; }

async function press(button, m, data) {
  button.disabled = true;
  try {
    const body = JSON.stringify({ chat: m.chat, message_id: m.id, data, person: $("who").value });
    const answer = await fetch("/chat/press", { method: "POST", headers: { "Content-Type": "application/json" }, body });
    const said = await answer.json();
    if (said.text || said.detail) toast(said.text || said.detail);
  } catch { toast(say.offline); } finally {
    button.disabled = false;
    if (button.isConnected && document.activeElement === document.body) button.focus();
  }
}

// A command is said in the chat that is shown; while all are, in the first one.
async function speak(event) {
  event.preventDefault();
  const text = $("command").value.trim();
  if (!text) return;
  try {
    const body = JSON.stringify({ chat: chosen || places[0] || "", text, person: $("who").value });
    const answer = await fetch("/chat/say", { method: "POST", headers: { "Content-Type": "application/json" }, body });
    const said = await answer.json();
    if (answer.ok && !said.text) { $("command").value = ""; return; }
    toast(said.text || said.detail);
  } catch { toast(say.offline); }
}

function meet(found) {
  const names = JSON.stringify(found);
  if (names === people) return;
  people = names;
  const was = $("who").value || localStorage.getItem("who");
  $("who").replaceChildren(...found.map((p) => new Option(p.name, p.id)));
  if (found.some((p) => p.id === was)) $("who").value = was;
  $("who-is").hidden = found.length === 0;
}

async function turn() {
  if (!$("offline").hidden) { await fetch("/healthz"); $("offline").hidden = true; } // the question below may stay open for long
  const answer = await fetch(`/chat/messages?after=${last}`);
  if (answer.status === 401 || answer.status === 403) return false;
  if (!answer.ok) throw new Error(String(answer.status));
  const got = await answer.json();
  meet(got.people);
  places = got.chats;
  const gone = got.outages.map((o) => `⚠ ${ru ? o.ru : o.en}`).join("\n");
  if ($("outages").textContent !== gone) $("outages").textContent = gone;
  $("outages").hidden = !gone;
  if (!$("commands").children.length) $("commands").append(...got.commands.map((name) => new Option(`/${name}`)));
  for (const m of got.messages) { messages.set(m.id, m); last = Math.max(last, m.seq); }
  got.messages.forEach(put);
  if (got.messages.length || !last) show();
  if (!last) await wait(1000);
  return true;
}

async function follow() {
  for (;;) {
    try {
      if (!await turn()) { Object.assign($("offline"), { textContent: say.over, hidden: false }); return; }
    } catch {
      Object.assign($("offline"), { textContent: say.offline, hidden: false });
      await wait(2000);
    }
  }
}

$("say").addEventListener("submit", speak);
$("who").addEventListener("change", () => localStorage.setItem("who", $("who").value));
dress();
follow();
