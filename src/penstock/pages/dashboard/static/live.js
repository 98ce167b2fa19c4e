// What the pages can do beyond links and forms: parts that stay fresh, a list by keyboard, copying, saved views.
// Everything works without it. Nothing here makes HTML of text: new parts come from this server, escaped there.
"use strict";

const every = (selector, work) => document.querySelectorAll(selector).forEach(work);

// Parts with data-live are fetched anew every so many seconds, while somebody looks.
function keepFresh(part) {
  const seconds = Number(part.dataset.live);
  const again = async () => {
    if (!document.hidden && !document.body.dataset.still) {
      try {
        const answer = await fetch(location.href, { headers: { accept: "text/html" }, redirect: "error" });
        if (answer.ok) {
          const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(part.id);
          const old = document.getElementById(part.id);
          if (fresh && old && !old.contains(document.activeElement)) old.replaceWith(document.importNode(fresh, true));
          if (fresh && !fresh.dataset.live && !document.getElementById(part.id).dataset.live) return; // it has ended
        }
      } catch { /* the server is away: the next turn tries again */ }
    }
    setTimeout(again, seconds * 1000);
  };
  setTimeout(again, seconds * 1000);
}

function liveSwitch(button) {
  const show = () => {
    const still = Boolean(document.body.dataset.still);
    button.setAttribute("aria-pressed", String(!still));
    button.textContent = still ? "Paused" : "Live";
  };
  button.hidden = false;
  button.addEventListener("click", () => {
    if (document.body.dataset.still) delete document.body.dataset.still;
    else document.body.dataset.still = "yes";
    show();
  });
  show();
}

// j and k go through the rows of a list, Enter opens one, / searches, ? tells all of it.
function listKeys(event) {
  const typing = event.target.closest("input, select, textarea");
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (typing) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  const rows = [...document.querySelectorAll("table.rows tbody tr")];
  const at = rows.findIndex((row) => row.classList.contains("at"));
  const go = (place) => {
    if (!rows.length) return;
    const next = rows[Math.max(0, Math.min(rows.length - 1, place))];
    rows.forEach((row) => row.classList.toggle("at", row === next));
    next.querySelector("a")?.focus({ preventScroll: true });
    next.scrollIntoView({ block: "nearest" });
  };
  if (event.key === "j") go(at + 1);
  else if (event.key === "k") go(at < 0 ? 0 : at - 1);
  else if (event.key === "/") {
    const search = document.querySelector("input[type=search]");
    if (!search) return;
    search.focus();
  } else if (event.key === "?") document.getElementById("keys")?.showModal?.();
  else return;
  event.preventDefault();
}

function copying(button) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
    const was = button.textContent;
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = was; }, 1200);
  });
}

// Views that somebody has saved stay in this browser: a name, and the query of the page.
function savedViews(box) {
  const place = `penstock views ${location.pathname}`;
  const read = () => { try { return JSON.parse(localStorage.getItem(place)) ?? {}; } catch { return {}; } };
  const list = box.querySelector("ul");
  const show = () => {
    list.replaceChildren(...Object.entries(read()).map(([name, query]) => {
      const line = document.createElement("li");
      const link = Object.assign(document.createElement("a"), { textContent: name });
      link.href = `${location.pathname}${query}`;
      const away = Object.assign(document.createElement("button"), { type: "button", textContent: `Forget ${name}` });
      away.addEventListener("click", () => {
        const views = read();
        delete views[name];
        localStorage.setItem(place, JSON.stringify(views));
        show();
      });
      line.append(link, away);
      return line;
    }));
  };
  box.hidden = false;
  box.querySelector("form").addEventListener("submit", (event) => {
    event.preventDefault();
    const field = event.target.elements.view;
    if (!field.value.trim()) return;
    localStorage.setItem(place, JSON.stringify({ ...read(), [field.value.trim()]: location.search }));
    field.value = "";
    show();
  });
  show();
}

every("[data-live]", keepFresh);
every("[data-live-switch]", liveSwitch);
every("[data-copy]", copying);
every("[data-views]", savedViews);
every("[data-submits]", (field) => field.addEventListener("change", () => field.form.requestSubmit()));
document.addEventListener("keydown", listKeys);
