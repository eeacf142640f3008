// SPDX-License-Identifier: BSD-2-Clause
// The page: which view is seen, when it asks, and what is said when nobody answers.
//
// Read-only. The tunnels are asked for always, the rest only by the view that shows it, when an event
// was told, and now and then for what is counted. An answer changes what differs in the page;
// nothing is drawn anew as a whole.
import { STATES, age, byId, setText } from "./dom.js";
import { NoAnswer, ask } from "./api.js";
import { counts, take, tunnels } from "./model.js";
import { hush, isOpen, listen } from "./stream.js";
import * as viewTunnels from "./tunnels.js";
import * as viewTunnel from "./tunnel.js";
import * as viewDrawing from "./drawing.js";
import * as viewSessions from "./sessions.js";
import * as viewWay from "./way.js";
import * as viewEvents from "./events.js";
import * as viewDrills from "./drills.js";

const MANY = 300; // tunnels
// [few tunnels, many]: from one question to the next; with nobody who tells of events; after one of
// these, since they come in crowds.
const EVERY_MS = [5000, 8000], EVERY_MS_ALONE = [2000, 5000], SOON_MS = [200, 1000];

const views = {
	tunnels: viewTunnels, tunnel: viewTunnel, drawing: viewDrawing, sessions: viewSessions,
	way: viewWay, events: viewEvents, drills: viewDrills,
};
let current = "tunnels";
let timer = null, due = 0, running = null, again = false;
let answered = null; // when the last answer came
let updates = 0;

function route() {
	const [name, ...parts] = location.hash.slice(1).split("/");
	const words = parts.map((part) => {
		try {
			return decodeURIComponent(part);
		} catch {
			return part;
		}
	});
	const before = current;
	current = Object.hasOwn(views, name) ? name : "tunnels";
	for (const view of Object.keys(views))
		byId(`view-${view}`).hidden = view !== current;
	for (const a of document.querySelectorAll("nav a")) {
		const here = a.hash === `#${current === "tunnel" ? "tunnels" : current}`;
		if (here)
			a.setAttribute("aria-current", "page");
		else
			a.removeAttribute("aria-current");
	}
	views[current].enter?.(...words);
	if (before !== current)
		byId("main").focus({ preventScroll: true });
	update();
}

function sayState() {
	const of = counts();
	const parts = STATES.filter((state) => of[state]).map((state) => `${of[state]} ${state}`);
	setText(byId("summary"), tunnels.size === 0 ? "No tunnels"
		: `${tunnels.size} ${tunnels.size === 1 ? "tunnel" : "tunnels"}: ${parts.join(", ")}`);
	document.body.dataset.worst = STATES.find((state) => of[state]) ?? "none";
}

// What keeps the page from being true is said on top of it; "" when nothing does.
function sayTrouble(text) {
	const trouble = byId("trouble");
	trouble.hidden = text === "";
	setText(trouble, text);
	document.body.classList.toggle("stale", text !== "");
}

async function updateNow() {
	try {
		const [answer] = await Promise.all([ask("tunnels"), views[current].load?.()]);
		answered = performance.now();
		take(answer.tunnels, answered);
		sayState();
		views[current].show?.();
		sayTrouble("");
	} catch (e) {
		if (!(e instanceof NoAnswer))
			throw e;
		sayTrouble(`No news from wgbgp: ${e.message}. What is seen here may be old.`);
	} finally {
		document.body.dataset.updates = ++updates;
	}
}

// One update at a time; whoever asks during one gets another behind it.
async function update() {
	again = running !== null;
	if (running)
		return;
	clearTimeout(timer);
	running = updateNow();
	try {
		await running;
	} finally {
		running = null;
		later(again ? SOON_MS : isOpen() ? EVERY_MS : EVERY_MS_ALONE);
	}
}

function later(ms) {
	clearTimeout(timer);
	due = performance.now() + ms[Number(tunnels.size > MANY)];
	if (!document.hidden)
		timer = setTimeout(update, due - performance.now());
}

// Something has changed; what is to be asked sooner stays so.
function changed() {
	document.body.dataset.told = isOpen();
	if (running)
		again = true;
	else if (due > performance.now() + SOON_MS[Number(tunnels.size > MANY)])
		later(SOON_MS);
}

async function sayHost() {
	try {
		const { hostname, version } = await ask("version");
		setText(byId("host"), hostname || "wgbgp");
		document.title = `${hostname || "this machine"} – wgbgp`;
		byId("host").title = `wgbgp ${version}`;
	} catch (e) {
		if (!(e instanceof NoAnswer))
			throw e; // the next update says what is wrong
	}
}

setInterval(() => {
	const now = performance.now();
	if (answered !== null)
		setText(byId("age"), `Answered ${age((now - answered) / 1000)} ago`);
	if (!document.hidden)
		views[current].tick?.(now);
}, 1000);

byId("refresh").addEventListener("click", update);
addEventListener("hashchange", route);
document.addEventListener("visibilitychange", () => {
	if (document.hidden) {
		hush();
		return;
	}
	listen(changed);
	update();
});
route();
sayHost();
if (!document.hidden)
	listen(changed);
