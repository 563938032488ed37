"use strict";
// The page of the browser chat: fetches what changed, draws it, sends presses. Message text is built node by node from an allow-list
// of tags; nothing that comes from an alert is ever handed to the HTML parser.
const ru = new URLSearchParams(location.search).get("lang") === "ru" || (!location.search && navigator.language.startsWith("ru"));
const say = ru
  ? { title: "Инциденты", who: "Я", empty: "Сообщений пока нет. Отправьте алерт на /webhooks/alertmanager, и он появится здесь.", edited: "изменено", offline: "Нет связи с сервисом, пробуем снова…", all: "Все" }
  : { title: "Incidents", who: "I am", empty: "No messages yet. Send an alert to /webhooks/alertmanager and it appears here.", edited: "edited", offline: "The service does not answer, trying again…", all: "All" };
const $ = (id) => document.getElementById(id);
const messages = new Map();
let last = 0, chosen = "", people = "";
document.documentElement.lang = ru ? "ru" : "en";
document.title = say.title;
document.querySelector("h1").textContent = say.title;
$("who-label").textContent = say.who;
$("empty").textContent = say.empty;

const TAGS = new Set(["B", "I", "U", "S", "CODE", "PRE", "BLOCKQUOTE", "A"]);
function safe(markup) {
  const out = document.createDocumentFragment();
  const copy = (from, to) => {
    for (const node of from.childNodes) {
      if (node.nodeType === Node.TEXT_NODE) { to.append(node.textContent); continue; }
      if (node.nodeType !== Node.ELEMENT_NODE || !TAGS.has(node.tagName)) { to.append(node.textContent || ""); continue; }
      const made = document.createElement(node.tagName);
      if (node.tagName === "A" && /^https?:/.test(node.getAttribute("href") || "")) {
        made.href = node.getAttribute("href"); made.target = "_blank"; made.rel = "noopener noreferrer";
      }
      copy(node, made); to.append(made);
    }
  };
  copy(new DOMParser().parseFromString(markup, "text/html").body, out);
  return out;
}
const clock = (ms) => new Date(ms).toLocaleTimeString(ru ? "ru" : "en-GB", { hour: "2-digit", minute: "2-digit" });
function draw(m) {
  const item = document.createElement("li");
  item.dataset.id = m.id; item.dataset.chat = m.chat;
  const card = document.createElement("div"); card.className = "card";
  const replied = m.reply_to && messages.get(m.reply_to);
  if (replied) {
    const quote = document.createElement("div"); quote.className = "quote";
    quote.textContent = safe(replied.html).textContent.split("\n")[0]; card.append(quote);
  }
  card.append(safe(m.html));
  const time = document.createElement("div"); time.className = "time";
  time.textContent = (chosen ? "" : m.chat + " · ") + clock(m.at) + (m.edited_at ? ` · ${say.edited} ${clock(m.edited_at)}` : "");
  card.append(time); item.append(card);
  for (const row of m.buttons) {
    const line = document.createElement("div"); line.className = "row";
    for (const b of row) {
      const button = document.createElement("button"); button.type = "button"; button.textContent = b.label;
      button.addEventListener("click", () => press(button, m, b.data)); line.append(button);
    }
    item.append(line);
  }
  return item;
}
function show() {
  const chats = [...new Set([...messages.values()].map((m) => m.chat))].sort();
  $("chats").replaceChildren(...(chats.length > 1 ? ["", ...chats] : []).map((name) => {
    const tab = document.createElement("button"); tab.type = "button"; tab.setAttribute("role", "tab");
    tab.textContent = name || say.all; tab.setAttribute("aria-selected", String(name === chosen));
    tab.addEventListener("click", () => { chosen = name; show(); }); return tab;
  }));
  const list = [...messages.values()].filter((m) => !chosen || m.chat === chosen).sort((a, b) => b.at - a.at || b.id - a.id);
  $("messages").replaceChildren(...list.map(draw));
  $("empty").hidden = list.length > 0;
}
function toast(text) {
  $("toast").textContent = text; $("toast").hidden = false;
  clearTimeout(toast.timer); toast.timer = setTimeout(() => { $("toast").hidden = true; }, 8000);
}
async function press(button, m, data) {
  button.disabled = true;
  try {
    const answer = await fetch("/chat/press", { method: "POST", headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ chat: m.chat, message_id: m.id, data, person: $("who").value }) });
    const said = await answer.json(); toast(said.text || said.detail);
  } catch { toast(say.offline); } finally { button.disabled = false; }
}
async function follow() {
  for (;;) {
    try {
      const answer = await fetch(`/chat/messages?after=${last}`);
      if (!answer.ok) throw new Error(String(answer.status));
      const got = await answer.json();
      const names = JSON.stringify(got.people);
      if (names !== people) {
        people = names; const was = $("who").value;
        $("who").replaceChildren(...got.people.map((p) => new Option(p.name, p.id)));
        if (was) $("who").value = was;
      }
      for (const m of got.messages) { messages.set(m.id, m); last = Math.max(last, m.seq); }
      if (got.messages.length || !last) show();
      if (!last) await new Promise((r) => setTimeout(r, 1000));
      $("offline").hidden = true;
    } catch {
      $("offline").textContent = say.offline; $("offline").hidden = false;
      await new Promise((r) => setTimeout(r, 2000));
    }
  }
}
show(); follow();
