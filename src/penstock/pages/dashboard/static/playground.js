// Sends what stands in a lane to this server, and shows what comes back as it comes. Text only: nothing becomes HTML.
"use strict";

const place = document.querySelector("[data-playground]");

// The text in one event of a stream, whatever its dialect; empty where it has none.
function textOf(event) {
  const choice = event.choices?.[0];
  const found = choice?.delta?.content ?? choice?.text ?? event.delta?.text
    ?? (event.type === "response.output_text.delta" ? event.delta : "");
  return typeof found === "string" ? found : "";
}

function wholeText(answer) {
  const choice = answer.choices?.[0]?.message?.content;
  const blocks = answer.content ?? answer.output?.flatMap?.((item) => item.content ?? []);
  const joined = Array.isArray(blocks) ? blocks.map((block) => block.text ?? "").join("") : "";
  return (typeof choice === "string" ? choice : "") || joined;
}

async function readEvents(answer, show) {
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    rest += value ?? "";
    const lines = rest.split(/\r\n|\n|\r/);
    rest = done ? "" : lines.pop();
    for (const line of lines) {
      if (!line.startsWith("data:")) continue;
      try { show(textOf(JSON.parse(line.slice(5)))); } catch { /* [DONE], and what is no JSON */ }
    }
    if (done) return;
  }
}

// The row of the log comes a moment after the answer: it tells what the call came to.
async function fromTheLog(id) {
  for (let turn = 0; turn < 20; turn += 1) {
    await new Promise((again) => setTimeout(again, 250));
    const found = await fetch(`${place.dataset.logs}.json?search=${encodeURIComponent(id)}`);
    const [row] = found.ok ? (await found.json()).rows : [];
    if (row) return row;
  }
  return null;
}

function tell(facts, status, milliseconds, id, row) {
  const parts = [`${status}`, `${Math.round(milliseconds)} ms`];
  if (row) {
    if (row.tokens_in !== null || row.tokens_out !== null) parts.push(`${row.tokens_in ?? "–"} / ${row.tokens_out ?? "–"} tokens`);
    parts.push(row.cost === null ? "cost unknown" : `$${row.cost}`);
  }
  facts.textContent = parts.join(" · ");
  if (id) {
    const link = Object.assign(document.createElement("a"), { href: `${place.dataset.logs}/${encodeURIComponent(id)}`, textContent: "its row in the log" });
    facts.append(" · ", link);
  }
}

function headers(path, body) {
  const found = { "content-type": "application/json" };
  const token = document.getElementById("token").value.trim();
  const local = place.dataset.local;
  const isLocal = local && (path.startsWith(`${local}/`) || body.includes(`"${local}/`));
  const key = document.getElementById("key").value.trim() || (isLocal ? "any" : "");
  if (token) found["cf-aig-authorization"] = `Bearer ${token}`;
  if (key) Object.assign(found, { authorization: `Bearer ${key}`, "x-api-key": key });
  return found;
}

async function send(lane, form, stopped) {
  const facts = lane.querySelector("[data-facts]");
  const output = lane.querySelector("[data-answer]");
  const { path, body, model } = form.elements;
  let content = body.value;
  if (model.value.trim()) content = JSON.stringify({ ...JSON.parse(content), model: model.value.trim() }, null, 2);
  output.textContent = "";
  facts.textContent = "Sending …";
  const began = performance.now();
  const answer = await fetch(`${place.dataset.playground}/${path.value.replace(/^\/+/, "")}`, {
    method: "POST", headers: headers(path.value, content), body: content, credentials: "omit", signal: stopped,
  });
  const id = answer.headers.get("cf-aig-log-id");
  if ((answer.headers.get("content-type") ?? "").includes("event-stream")) {
    await readEvents(answer, (text) => { output.textContent += text; });
  } else {
    const text = await answer.text();
    try {
      const whole = JSON.parse(text);
      output.textContent = (answer.ok && wholeText(whole)) || JSON.stringify(whole, null, 2);
    } catch { output.textContent = text; }
  }
  const took = performance.now() - began;
  tell(facts, answer.status, took, id, null);
  if (id) tell(facts, answer.status, took, id, await fromTheLog(id));
}

function laneOf(form) {
  const lane = form.closest("section");
  const stop = form.querySelector("[data-stop]");
  let under = null;
  form.elements.preset.addEventListener("change", (event) => {
    const [chosen] = event.target.selectedOptions;
    form.elements.path.value = chosen.dataset.path;
    form.elements.body.value = chosen.dataset.body;
  });
  stop.addEventListener("click", () => under?.abort());
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    under?.abort();
    under = new AbortController();
    stop.hidden = false;
    try {
      await send(lane, form, under.signal);
    } catch (error) {
      lane.querySelector("[data-facts]").textContent = error.name === "AbortError" ? "Stopped." : `It did not work: ${error.message}`;
    }
    stop.hidden = true;
  });
}

if (place) document.querySelectorAll("[data-lane]").forEach(laneOf);
