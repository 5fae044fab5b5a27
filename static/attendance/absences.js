/* When the quick answer does not come, the form goes the ordinary way and the page says what happened. */
(function () {
  "use strict";
  function ordinaryWay(event) {
    var form = event.detail.elt && event.detail.elt.closest("form");
    if (form) { form.submit(); }
  }
  document.addEventListener("htmx:responseError", ordinaryWay);
  document.addEventListener("htmx:sendError", ordinaryWay);
})();
