/* Small comforts; every page works without this file. */
(function () {
  "use strict";
  document.documentElement.classList.add("js");

  document.querySelectorAll("[data-menu]").forEach(function (button) {
    var menu = document.getElementById(button.getAttribute("aria-controls"));
    button.addEventListener("click", function () {
      var open = button.getAttribute("aria-expanded") !== "true";
      button.setAttribute("aria-expanded", String(open));
      menu.classList.toggle("open", open);
    });
    menu.addEventListener("keydown", function (event) {
      if (event.key === "Escape") { button.setAttribute("aria-expanded", "false"); menu.classList.remove("open"); button.focus(); }
    });
  });

  function release(form) {
    delete form.dataset.sent;
    form.removeAttribute("aria-busy");
  }

  /* A form sent twice by a double tap is sent once; the button says that something is going on. */
  document.addEventListener("submit", function (event) {
    var form = event.target;
    if (event.defaultPrevented || form.hasAttribute("data-many")) { return; }
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "1";
    form.setAttribute("aria-busy", "true");
    setTimeout(function () { release(form); }, 8000); /* a download leaves the page where it is */
  });
  window.addEventListener("pageshow", function () {
    document.querySelectorAll("form[data-sent]").forEach(release);
  });

  /* Whoever signs out leaves no roll-call behind on a shared computer. */
  document.addEventListener("submit", function (event) {
    if (!event.target.hasAttribute("data-logout")) { return; }
    try {
      Object.keys(localStorage).filter(function (name) { return name.indexOf("appello:") === 0; })
        .forEach(function (name) { localStorage.removeItem(name); });
    } catch (error) { /* nothing is kept in a private window */ }
  });

  document.addEventListener("click", function (event) {
    if (event.target.closest("[data-print]")) { window.print(); }
  });

  /* The side menu of the office starts closed on a small screen. */
  if (window.matchMedia("(max-width: 991px)").matches) {
    document.querySelectorAll(".side-menu details").forEach(function (menu) { menu.open = false; });
  }
})();
