// Loads the page again when the pod that it talked to is gone.
//
// The application keeps who is signed in, and which conversation is open, in the memory of one pod. When that pod ends,
// the page stays as it was and answers every click with "Please sign in first"; loaded again it signs in by itself.
// So the page asks which process answers (gradio's /app_id, a number that each process draws at its start) and compares
// it with the one that made the page.
(() => {
  const STEADY = 5000, CLOSE = 1000; // milliseconds between two looks, usually and while something seems to be wrong
  const SURE = 3; // looks that must say the same
  const AGAIN = 60000; // milliseconds in which the page does not load itself a second time: no loop, whatever happens
  const MARK = "kotaemon-loaded-again";
  let away = 0, other = 0, mixed = 0, streams = 0, stopped = false, bar;

  // What runs is a stream of gradio's queue, read by fetch. A pod that ends finishes it, and so does this page.
  const fetchAsBefore = window.fetch;
  window.fetch = async function (what, ...more) {
    const response = await fetchAsBefore.call(this, what, ...more);
    if (String(what.url || what).includes("/queue/data") && response.body) follow(response.clone().body.getReader());
    return response;
  };
  async function follow(reader) {
    streams += 1;
    try {
      while (!(await reader.read()).done);
    } catch (error) { /* broken off is ended as well */ } finally { streams -= 1; }
  }

  function show(text, button) {
    if (!bar) {
      bar = document.createElement("div");
      bar.id = "kotaemon-pod-gone";
      bar.setAttribute("role", "status");
      bar.style = "position:fixed;top:0;left:0;right:0;z-index:10000;padding:8px 16px;background:#fde68a;color:#111;" +
        "text-align:center;font:14px sans-serif";
      document.body.append(bar);
    }
    if (bar.dataset.text === text) return;
    bar.dataset.text = text;
    bar.textContent = text + " ";
    if (!button) return;
    const load = document.createElement("button");
    load.textContent = "Load again";
    load.style = "text-decoration:underline;font-weight:bold";
    load.addEventListener("click", () => window.location.reload());
    bar.append(load);
  }
  function hide() {
    if (bar) bar.remove();
    bar = undefined;
  }

  // What somebody has typed would be lost.
  const typed = () => [...document.querySelectorAll("textarea")]
    .some((box) => box.value.trim() && !box.readOnly && !box.disabled && box.offsetParent);
  const lately = () => Date.now() - Number(window.sessionStorage.getItem(MARK) || 0) < AGAIN;

  // The number of the process that answers; null when none does; undefined when somebody else answers, such as a login.
  async function served() {
    try {
      const address = `${window.gradio_config.root}/app_id`;
      const response = await fetchAsBefore.call(window, address, { cache: "no-store", redirect: "manual" });
      if (response.status >= 500) return null;
      return response.ok ? (await response.json()).app_id : undefined;
    } catch (error) {
      return error instanceof SyntaxError ? undefined : null;
    }
  }

  async function look() {
    const own = window.gradio_config && window.gradio_config.app_id;
    if (own === undefined || document.visibilityState !== "visible") return;
    const answer = await served();
    if (answer === undefined) return;
    away = answer === null ? away + 1 : 0;
    if (answer === own) {
      // Two processes in turn: nobody keeps this page at one pod, and loading it again helps nothing.
      if (other > 0) mixed += 1;
      stopped = mixed >= SURE;
      other = 0;
      hide();
    }
    if (answer !== null && answer !== own) other += 1;
    if (away >= SURE) show("The server does not answer. This page goes on by itself when it is back.");
    if (other < SURE || away || streams > 0) return;
    if (typed() || lately()) {
      show("The server has been replaced; this page is signed out. Copy what you have typed, then load it again.", true);
      return;
    }
    stopped = true;
    window.sessionStorage.setItem(MARK, String(Date.now()));
    window.location.reload();
  }

  async function go() {
    await look();
    if (!stopped) window.setTimeout(go, away || other ? CLOSE : STEADY);
  }
  window.setTimeout(go, STEADY);
})();
