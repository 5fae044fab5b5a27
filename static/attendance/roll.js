/* The roll-call at the keyboard: arrows move, space ticks (the browser's own), enter confirms. Without this file the form works with tab. */
(function () {
  "use strict";
  var form = document.querySelector("[data-roll]");
  if (!form) { return; }
  var boxes = Array.prototype.slice.call(form.querySelectorAll("input[type=checkbox]:not(:disabled)"));
  var count = form.querySelector("[data-roll-absent]");

  function show() {
    if (count) { count.textContent = String(boxes.filter(function (box) { return box.checked; }).length); }
  }

  function go(index) {
    var box = boxes[Math.max(0, Math.min(boxes.length - 1, index))];
    if (box) { box.focus(); box.scrollIntoView({ block: "nearest" }); }
  }

  form.addEventListener("change", show);
  form.addEventListener("keydown", function (event) {
    var here = boxes.indexOf(event.target);
    if (here < 0) { return; }
    if (event.key === "ArrowDown") { event.preventDefault(); go(here + 1); }
    if (event.key === "ArrowUp") { event.preventDefault(); go(here - 1); }
    if (event.key === "Home") { event.preventDefault(); go(0); }
    if (event.key === "End") { event.preventDefault(); go(boxes.length - 1); }
    if (event.key === "Enter") { event.preventDefault(); form.requestSubmit(); }
  });
  window.addEventListener("pageshow", show);
})();
