"use strict";
// Behaviour only; every word on the page comes from the templates.

// Light or dark: the reader's system decides until the button is pressed.
function setUpTheme() {
  const button = document.getElementById("theme");
  const root = document.documentElement;
  const key = "nodulescope-theme";
  const remember = (theme) => { try { localStorage.setItem(key, theme); } catch (error) { /* storage is off: the choice lasts for this visit */ } };
  try { const kept = localStorage.getItem(key); if (kept) root.dataset.theme = kept; } catch (error) { /* as above */ }
  button.hidden = false;
  button.addEventListener("click", () => {
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    remember(root.dataset.theme);
  });
}

// One card: slices, window, outline. Slices are counted from the feet to the head, as on the slider; a prior beside it scrolls along.
function setUpCard(card) {
  const stack = card.querySelector(".stack");
  const viewport = stack.querySelector(".viewport");
  const pictures = Array.from(stack.querySelectorAll("figure"), (figure) => ({ canvas: figure.querySelector("canvas"), sheet: figure.querySelector(".sheet") }));
  const slider = stack.querySelector(".slider");
  const path = stack.querySelector(".outline");
  const where = stack.querySelector(".where");
  const windows = Array.from(card.querySelectorAll(".windows input"));
  const outlineSwitch = card.querySelector(".outline-switch");
  const sliceLines = Array.from(card.querySelectorAll(".slice-line"), (line) => ({ line, heights: JSON.parse(line.dataset.heights) }));
  const captions = JSON.parse(stack.dataset.captions);
  const outlines = JSON.parse(stack.dataset.outlines);
  const pixels = Number(stack.dataset.pixels);
  const columns = Number(stack.dataset.columns);
  let slice = Number(slider.value);

  function draw() {
    const size = Math.max(pixels, Math.round(viewport.clientWidth * (window.devicePixelRatio || 1)));
    for (const { canvas, sheet } of pictures) {
      if (!sheet.complete) continue;
      if (canvas.width !== size) { canvas.width = size; canvas.height = size; }
      const context = canvas.getContext("2d");
      context.imageSmoothingQuality = "high";
      context.drawImage(sheet, (slice % columns) * pixels, Math.floor(slice / columns) * pixels, pixels, pixels, 0, 0, size, size);
    }
  }

  function show(wanted) {
    slice = Math.min(Math.max(wanted, 0), captions.length - 1);
    slider.value = String(slice);
    slider.setAttribute("aria-valuetext", captions[slice]);
    where.textContent = captions[slice];
    path.setAttribute("d", outlines[slice]);
    for (const { line, heights } of sliceLines) line.setAttribute("d", `M0,${heights[slice]}H10000`);
    draw();
  }

  // Trackpads send many small steps: one slice per 40 pixels. At the last slice the page scrolls on.
  let wheeled = 0;
  stack.querySelector(".viewports").addEventListener("wheel", (event) => {
    if (event.ctrlKey) return;
    const towards = event.deltaY < 0 ? 1 : -1;
    if ((towards > 0 && slice === captions.length - 1) || (towards < 0 && slice === 0)) return;
    event.preventDefault();
    wheeled += event.deltaMode === 0 ? event.deltaY : Math.sign(event.deltaY) * 40;
    const steps = Math.trunc(wheeled / 40);
    if (steps) { wheeled -= steps * 40; show(slice - Math.sign(steps) * Math.min(Math.abs(steps), 3)); }
  }, { passive: false });

  const steps = { ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1, PageUp: 5, PageDown: -5, Home: -captions.length, End: captions.length };
  viewport.addEventListener("keydown", (event) => {
    if (!(event.key in steps) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    show(slice + steps[event.key]);
  });
  slider.addEventListener("input", () => show(Number(slider.value)));
  for (const radio of windows) radio.addEventListener("change", () => { card.dataset.window = radio.value; });
  outlineSwitch.addEventListener("change", () => card.classList.toggle("no-outline", !outlineSwitch.checked));
  window.addEventListener("resize", draw);

  for (const { sheet } of pictures) sheet.addEventListener("load", draw);
  stack.hidden = false;
  show(slice);
  return {
    card,
    focus() { card.scrollIntoView({ block: "start" }); viewport.focus({ preventScroll: true }); },
    nextWindow() { windows[(windows.findIndex((radio) => radio.checked) + 1) % windows.length].click(); },
    switchOutline() { outlineSwitch.click(); },
  };
}

// Keys that work anywhere on the page act on the card that has the focus, else on the first one that reaches into view.
function setUpKeys(cards) {
  const current = () => {
    const focused = cards.findIndex(({ card }) => card.contains(document.activeElement));
    return focused >= 0 ? focused : cards.findIndex(({ card }) => { const box = card.getBoundingClientRect(); return box.bottom > 40 && box.top < window.innerHeight; });
  };
  const go = (index) => { if (index >= 0 && index < cards.length) cards[index].focus(); };
  const actions = {
    j: () => { const inside = cards.some(({ card }) => card.contains(document.activeElement)); go(inside ? current() + 1 : Math.max(current(), 0)); },
    k: () => go(current() - 1),
    w: () => { const index = current(); if (index >= 0) cards[index].nextWindow(); },
    o: () => { const index = current(); if (index >= 0) cards[index].switchOutline(); },
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !(event.key in actions)) return;
    event.preventDefault();
    actions[event.key]();
  });
}

setUpTheme();
setUpKeys(Array.from(document.querySelectorAll(".card"), setUpCard));
for (const element of document.querySelectorAll(".needs-script")) element.hidden = false;
