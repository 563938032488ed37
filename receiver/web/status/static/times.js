// Optional: shows readers their own local time beside the page's, and says when a static copy has grown old. The page is whole without it.
(function () {
  "use strict";
  var language = document.documentElement.lang === "en" ? "en-GB" : document.documentElement.lang; // 14:02, not 2:02 PM
  document.querySelectorAll("time[datetime]").forEach(function (element) {
    var instant = new Date(element.getAttribute("datetime"));
    if (!isNaN(instant)) {
      element.title = instant.toLocaleString(language, { dateStyle: "long", timeStyle: "short" });
    }
  });
  document.querySelectorAll("[data-stale]").forEach(function (element) {
    if (Date.now() - new Date(element.getAttribute("data-stale")) > 15 * 60 * 1000) {
      element.hidden = false;
    }
  });
})();
