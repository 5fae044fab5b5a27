/* The roll-call at the keyboard and on a bad line. Without this file the form works with tab and an ordinary submit.
   Arrows move on the grid, space ticks, enter confirms. What is ticked stays on this device (ids only, one entry per class and
   day) until the server has it; the same page sends again with the same key, and the server takes it once. */
(function () {
  "use strict";
  var PREFIX = "appello:";
  var RETRY = 5000;
  var NEWS = 20000;
  var PATIENCE = 20000;

  function load(name) {
    try { return JSON.parse(localStorage.getItem(name) || "null"); } catch (error) { return null; }
  }
  function keep(name, value) {
    try { localStorage.setItem(name, JSON.stringify(value)); } catch (error) { /* private window: the page itself remembers */ }
  }
  function forget(name) {
    try { localStorage.removeItem(name); } catch (error) { /* nothing was kept */ }
  }
  function names() {
    try { return Object.keys(localStorage).filter(function (name) { return name.indexOf(PREFIX) === 0; }); } catch (error) { return []; }
  }
  /* The list of classes says which roll-call has not left yet. */
  function mark() {
    names().forEach(function (name) {
      var part = name.split(":");
      var card = document.querySelector('[data-roll-list] [data-group="' + part[1] + '"][data-day="' + part[2] + '"] [data-unsent]');
      if (card) { card.hidden = false; }
    });
  }
  mark();
  document.addEventListener("htmx:afterSwap", mark);

  var form = document.querySelector("[data-roll]");
  if (!form) { return; }
  var store = PREFIX + form.dataset.group + ":" + form.dataset.day;
  var boxes = Array.prototype.slice.call(form.querySelectorAll("input[name=absent]:not(:disabled)"));
  var count = form.querySelector("[data-roll-absent]");
  var banner = document.querySelector("[data-roll-unsent]");
  var words = document.querySelector("[data-roll-words]");
  var again = document.querySelector("[data-roll-again]");
  var field = { seen: form.elements.seen, key: form.elements.key, turn: form.elements.turn };
  var touched = {};
  var sending = false;
  var wanted = false;
  var timer = null;

  names().forEach(function (name) { if (name.split(":")[2] < form.dataset.day) { forget(name); } });

  function ticked() {
    return boxes.filter(function (box) { return box.checked; }).map(function (box) { return box.value; });
  }
  function show() {
    if (count) { count.textContent = String(form.querySelectorAll("input[name=absent]:checked").length); }
  }
  function say(text, link) {
    banner.hidden = !text;
    words.textContent = text;
    again.hidden = !link;
  }
  function remember() {
    keep(store, { ids: ticked(), seen: field.seen.value, key: field.key.value, turn: Number(field.turn.value), asked: wanted });
  }
  function changed() {
    field.turn.value = String(Number(field.turn.value) + 1);
    show();
    remember();
  }

  /* Sending: the server answers with the address to go to; anything else means that it has not been taken. */
  function later(text) {
    say(text, false);
    clearTimeout(timer);
    timer = setTimeout(send, RETRY);
  }
  function send() {
    if (sending || !wanted) { return; }
    sending = true;
    clearTimeout(timer);
    var stop = new AbortController();
    var limit = setTimeout(function () { stop.abort(); }, PATIENCE);
    fetch(form.action, { method: "POST", body: new FormData(form), headers: { "X-Appello": "1" }, signal: stop.signal })
      .then(function (answer) {
        if (answer.status >= 500) { throw new Error("server"); }
        var isAnswer = (answer.headers.get("Content-Type") || "").indexOf("application/json") === 0;
        return isAnswer ? answer.json() : null;
      })
      .then(function (answer) {
        wanted = false;
        if (answer) { taken(answer.go); return; }
        remember();
        say("Non ancora inviato: devi accedere di nuovo. Le spunte restano su questo dispositivo.", true);
      })
      .catch(function () { later("Non ancora inviato: manca la connessione. Riprovo da solo, le spunte sono al sicuro su questo dispositivo."); })
      .then(function () { clearTimeout(limit); sending = false; });
  }
  function taken(address) {
    var sameClass = address.split("?")[0] === window.location.pathname;
    if (sameClass && address.indexOf("?") < 0) { remember(); } else { forget(store); }
    window.location.assign(address);
  }

  form.addEventListener("change", function (event) {
    touched[event.target.value] = true;
    changed();
  });
  form.addEventListener("submit", function (event) {
    event.preventDefault();
    wanted = true;
    remember();
    send();
  });
  window.addEventListener("online", send);
  window.addEventListener("pageshow", show);

  /* What an earlier visit left behind. */
  function restore() {
    var kept = load(store);
    if (!kept || !Array.isArray(kept.ids)) { return; }
    var ours = kept.key && kept.key === form.dataset.lastKey;
    if (!boxes.length || (kept.seen !== field.seen.value && !ours)) { tellLost(kept); return; }
    var before = ticked().join();
    boxes.forEach(function (box) { box.checked = kept.ids.indexOf(box.value) >= 0; });
    field.key.value = kept.key;
    field.turn.value = String(kept.turn);
    if (kept.asked) { wanted = true; say("Non ancora inviato: ci riprovo adesso.", false); send(); return; }
    if (before === ticked().join()) { forget(store); return; }
    boxes.forEach(function (box) { touched[box.value] = true; });
    say("Non ancora inviato: ho rimesso le spunte che avevi fatto. Controlla e conferma.", false);
  }
  function tellLost(kept) {
    forget(store);
    var mine = kept.ids.map(function (id) { return form.querySelector('input[value="' + id + '"]'); })
      .filter(function (box) { return box && !box.checked; })
      .map(function (box) { return box.closest("li").querySelector(".roll-name").textContent; });
    if (mine.length) { say("Le spunte che avevi fatto non sono state inviate. Qui mancano: " + mine.join(", ") + ".", false); }
  }

  /* The keyboard: as many columns as the screen shows. */
  function columns() {
    var top = boxes.length ? boxes[0].closest("li").offsetTop : 0;
    return Math.max(1, boxes.filter(function (box) { return box.closest("li").offsetTop === top; }).length);
  }
  function go(index) {
    var box = boxes[Math.max(0, Math.min(boxes.length - 1, index))];
    if (box) { box.focus(); box.scrollIntoView({ block: "nearest" }); }
  }
  form.addEventListener("keydown", function (event) {
    var here = boxes.indexOf(event.target);
    if (here < 0) { return; }
    var step = { ArrowDown: columns(), ArrowUp: -columns(), ArrowRight: 1, ArrowLeft: -1, Home: -here, End: boxes.length }[event.key];
    if (step !== undefined) { event.preventDefault(); go(here + step); }
    if (event.key === "Enter") { event.preventDefault(); form.requestSubmit(); }
  });

  /* While the page is open the families go on announcing absences, and a colleague may confirm. */
  function hear(answer) {
    boxes.forEach(function (box) {
      if (answer.announced.indexOf(Number(box.value)) < 0 || box.closest("li").querySelector(".roll-note")) { return; }
      var note = document.createElement("span");
      note.className = "roll-note";
      note.textContent = "avvisato ora dalla famiglia";
      box.closest("label").appendChild(note);
      if (!touched[box.value] && !box.checked && !field.seen.value) { box.checked = true; show(); }
    });
    if (answer.seen !== field.seen.value && answer.key !== field.key.value && !wanted) {
      say("Nel frattempo un collega ha confermato questo appello.", true);
    }
  }
  function ask() {
    if (document.hidden || sending || wanted || !boxes.length) { return; }
    fetch(form.dataset.news, { headers: { Accept: "application/json" } })
      .then(function (answer) { return answer.ok && !answer.redirected ? answer.json() : null; })
      .then(function (answer) { if (answer) { hear(answer); } })
      .catch(function () { /* the next round will tell */ });
  }

  restore();
  show();
  setInterval(ask, NEWS);
})();
