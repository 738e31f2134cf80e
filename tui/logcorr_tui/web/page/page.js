// Starts the terminal of textual-serve once its font is there, and keeps its downloads and addresses in order.
"use strict";

// The cookie is set by now: the token need not stay in the address bar and in the history.
history.replaceState(null, "", location.pathname);

// The app names the tab by this address, which is none of a page.
const TITLE = "logcorr-title:";

// textual.js opens a download in a new tab, which browsers block unless a key was just pressed; a link is always
// followed. It also opens links in the text, and text from a log is not to open pages.
window.open = (address) => {
  if (String(address).startsWith(TITLE)) {
    document.title = decodeURIComponent(String(address).slice(TITLE.length));
    return null;
  }
  const url = new URL(address ?? "", location.href);
  if (url.origin === location.origin && url.pathname.startsWith("/download/")) {
    const link = document.createElement("a");
    link.href = url.href;
    link.download = "";
    link.click();
  }
  return null;
};

document.querySelector("#again").addEventListener("click", () => location.reload());

// The keyboard is the terminal's as soon as it is connected, and not before: it tells the server of its focus.
new MutationObserver((_changes, observer) => {
  if (document.body.classList.contains("-loaded")) {
    observer.disconnect();
    document.querySelector(".xterm-helper-textarea").focus();
  }
}).observe(document.body, { attributeFilter: ["class"] });

window.addEventListener("load", async () => {
  document.querySelector("#terminal").dataset.sessionWebsocketUrl = `ws://${location.host}/ws`;
  // The terminal measures its cells once, so the font has to be there before.
  const faces = ["16px", "bold 16px", "italic 16px", "italic bold 16px"];
  await Promise.allSettled(faces.map((face) => document.fonts.load(`${face} "Roboto Mono"`)));
  const script = document.createElement("script");
  script.src = "/static/js/textual.js";
  // It waits for the load event, which has been.
  script.addEventListener("load", () => window.onload());
  document.head.append(script);
});
