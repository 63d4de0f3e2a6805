"use strict";
// What is listed, and in which order, stands behind the # of the address, so that the pages go through the same list as the overview.

const wanted = () => new URLSearchParams(location.hash.slice(1));

function listed(filter) {
  const rule = filter.get("rule") || "", part = filter.get("part") || "", kind = filter.get("class") || "";
  const words = (filter.get("search") || "").toLowerCase().split(/\s+/).filter(Boolean);
  const fits = (record) => (!rule || (rule === "none" ? record.rules.length === 0 : record.rules.includes(rule)))
    && (!part || record.part === part) && (!kind || record.class === kind) && words.every((word) => record.text.includes(word));
  const orders = {
    patient: (a, b) => a.patient.localeCompare(b.patient, "en", { numeric: true }),
    largest: (a, b) => b.diameter - a.diameter,
    smallest: (a, b) => a.diameter - b.diameter,
  };
  const records = RECORDS.filter(fits);
  const order = orders[filter.get("sort")];
  return order ? records.sort(order) : records;
}

function keep(name, value) { try { localStorage.setItem(`nodulescope-${name}`, value); } catch (error) { /* storage is off: the choice lasts for this page */ } }
function kept(name) { try { return localStorage.getItem(`nodulescope-${name}`); } catch (error) { return null; } }

function setUpTheme() {
  const root = document.documentElement;
  const button = document.getElementById("theme");
  if (kept("theme")) root.dataset.theme = kept("theme");
  if (!button) return;
  button.hidden = false;
  button.addEventListener("click", () => {
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    keep("theme", root.dataset.theme);
  });
}

function setUpIndex() {
  const cards = document.getElementById("cards");
  const byPage = new Map(Array.from(cards.children, (card) => [card.dataset.page, card]));
  const fields = ["search", "part", "class", "sort"].map((name) => document.getElementById(name)).filter(Boolean);
  const buttons = Array.from(document.querySelectorAll(".rules button"));

  function show() {
    const filter = wanted();
    const records = listed(filter);
    const suffix = filter.toString() ? `#${filter}` : "";
    for (const card of byPage.values()) card.hidden = true;
    for (const record of records) {
      const card = byPage.get(record.page);
      card.hidden = false;
      card.href = `pages/${record.page}.html${suffix}`;
      cards.append(card);
    }
    for (const field of fields) if (field !== document.activeElement) field.value = filter.get(field.id) || "";
    for (const button of buttons) button.setAttribute("aria-pressed", String(button.dataset.rule === (filter.get("rule") || "")));
    const text = document.getElementById("rule-text");
    text.textContent = buttons.find((button) => button.dataset.rule === filter.get("rule"))?.title || "";
    text.hidden = !text.textContent;
    const all = RECORDS.length;
    document.getElementById("count").textContent = records.length === all ? `${all} annotation${all === 1 ? "" : "s"}` : `${records.length} of ${all} annotations`;
    document.getElementById("nothing").hidden = records.length > 0 || all === 0;
  }

  function change(name, value) {
    const filter = wanted();
    if (value) filter.set(name, value); else filter.delete(name);
    history.replaceState(null, "", filter.toString() ? `#${filter}` : location.pathname);
    show();
  }

  for (const field of fields) field.addEventListener("input", () => change(field.id, field.value));
  for (const button of buttons) button.addEventListener("click", () => change("rule", button.dataset.rule));
  window.addEventListener("hashchange", show);
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.target.closest("a, button, select")) return;
    const first = cards.querySelector(".card:not([hidden])");
    if (first) first.click();
  });
  show();
}

function setUpPage() {
  const records = listed(wanted());
  const own = records.findIndex((record) => record.page === document.body.dataset.page);
  const before = document.getElementById("before"), after = document.getElementById("after");
  if (own >= 0) {
    for (const [link, record] of [[before, records[own - 1]], [after, records[own + 1]]]) {
      if (record) { link.href = `${record.page}.html${location.hash}`; link.removeAttribute("aria-disabled"); }
      else { link.removeAttribute("href"); link.setAttribute("aria-disabled", "true"); }
    }
    document.getElementById("where").textContent = `${own + 1} of ${records.length}${location.hash.length > 1 ? " listed" : ""}`;
  }
  const index = document.getElementById("index");
  index.href += location.hash;

  const boxes = Array.from(document.querySelectorAll("[data-layer]"));
  function toggle(box) {
    document.body.classList.toggle(`no-${box.dataset.layer}`, !box.checked);
    keep(`no-${box.dataset.layer}`, box.checked ? "" : "1");
  }
  for (const box of boxes) {
    box.checked = !kept(`no-${box.dataset.layer}`);
    document.body.classList.toggle(`no-${box.dataset.layer}`, !box.checked);
    box.addEventListener("change", () => toggle(box));
  }

  const layers = { o: "outline", r: "readers", l: "lungs", a: "others" };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const link = { ArrowLeft: before, ArrowRight: after, Escape: index }[event.key];
    if (link?.href) { event.preventDefault(); link.click(); return; }
    const box = boxes.find((candidate) => candidate.dataset.layer === layers[event.key.toLowerCase()]);
    if (box) { box.checked = !box.checked; toggle(box); }
  });
}

setUpTheme();
if (document.body.classList.contains("index")) setUpIndex(); else setUpPage();
