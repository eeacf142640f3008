// SPDX-License-Identifier: BSD-2-Clause
// Where a destination goes: what `explain` finds, as the way of a packet from here to there. Stages
// that are behind what is broken are still drawn, as explain judges all that it can.
import { byId, el, setText, stateMark } from "./dom.js";
import { NoAnswer, ask } from "./api.js";
import { linkTo } from "./tunnels.js";
import { tunnels } from "./model.js";

const NAMES = {
	bgp: "BGP", rib: "Routing table", "next-hop": "Next hop", kernel: "Kernel",
	"allowed-ips": "AllowedIPs", tunnel: "Tunnel", endpoint: "Endpoint", underlay: "Underlay",
	forwarding: "Forwarding", firewall: "Firewall", source: "Source", probe: "Probe",
};

let wanted = "", found = null, drawn = null; // destination; its answer; the one that is seen

function box(kind, ok, title, ...said) {
	const word = ok === null ? [] : [el("span", { class: "verdict" }, ok ? "fine" : "broken")];
	return el("li", { class: `step ${kind}`, "data-ok": ok === null ? "" : String(ok) },
		el("h3", {}, title, ...word), ...said.map((text) => el("p", {}, text)));
}

function drawExplained(answer) {
	const steps = answer.steps.map((step) =>
		box("stage", step.ok, NAMES[step.stage] ?? step.stage, step.text));
	byId("way-steps").replaceChildren(
		box("end", null, "This machine", answer.source ? `from ${answer.source}` : ""), ...steps,
		box("end", answer.reachable, answer.destination,
			answer.reachable ? "is reachable" : "is not reachable"));
	setText(byId("way-verdict"), answer.verdict);
}

function drawWays(route) {
	const items = (route?.["next-hops"] ?? []).map((hop) => {
		const entry = tunnelOf(hop);
		const state = entry?.t.state ?? hop.state;
		const use = hop.active ? "in use" : state === "down" ? "cannot be used" : "in reserve";
		const name = hop.peer ? `${hop.peer} (${hop.interface})` : hop.interface ?? "";
		return el("li", { class: hop.active ? "active" : "spare" },
			stateMark(state), " ",
			entry ? el("a", { href: linkTo(entry.t) }, name) : name,
			`${hop.address ? `, next hop ${hop.address}` : ""}, cost ${hop.cost}: ${use}`);
	});
	byId("way-others").replaceChildren(...(items.length
		? [el("h3", {}, `Ways to ${route.prefix}`), el("ul", { class: "ways" }, ...items)] : []));
}

const tunnelOf = (hop) => hop?.peer ? tunnels.get(`${hop.interface} ${hop.peer}`) : undefined;

// What the routing table and the tunnels say, where wgbgp-web has no `explain` to ask.
function stepsOf(route) {
	if (!route)
		return [{ stage: "rib", ok: false, text: "no route covers it" }];
	const hop = route["next-hops"].find((h) => h.active);
	const t = tunnelOf(hop)?.t;
	const why = route["reason-text"] || route.verdict || route.error || "";
	const steps = [
		{ stage: "rib", ok: route.selected, text: `${route.prefix} by ${route.protocol}, distance ` +
			`${route.distance}${route.selected ? "" : `: not selected, ${why}`}` },
		{ stage: "kernel", ok: route.installed,
			text: route.installed ? "installed" : `not installed: ${why}` },
		{ stage: "next-hop", ok: Boolean(hop), text: hop
			? [hop.address, hop.interface].filter(Boolean).join(" on ") : "none can be used" },
	];
	if (t)
		steps.push({ stage: "tunnel", ok: t.state !== "down" && t.state !== "never",
			text: `${t.peer} on ${t.interface} is ${t.state} (${t["reason-text"]})` },
		{ stage: "endpoint", ok: Boolean(t.endpoint), text: t.endpoint ?? "not known" });
	else if (hop && !hop.peer)
		steps.push({ stage: "underlay", ok: true, text: `${hop.interface}: through no tunnel` });
	return steps;
}

function explained(to, route) {
	const steps = stepsOf(route);
	const broken = steps.find((step) => !step.ok);
	return { destination: to, source: null, reachable: !broken, steps,
		verdict: broken ? `${to} is not reachable: ${broken.text}`
			: `${to}: as far as wgbgp's own tables say, it is reachable` };
}

async function routeTo(to) {
	const { routes } = await ask("route", { address: to });
	return routes.find((route) => route.selected) ?? routes[0];
}

// Null: there is no such question.
async function explain(to) {
	try {
		return await ask("explain", { destination: to });
	} catch (e) {
		if (e instanceof NoAnswer && e.status === 404)
			return null;
		throw e;
	}
}

// What is asked is asked again with each update: the picture follows.
export async function load() {
	const to = wanted;
	if (!to)
		return;
	let answer;
	try {
		const route = await routeTo(to);
		answer = { to, route, explained: await explain(to) };
	} catch (e) {
		if (!(e instanceof NoAnswer))
			throw e;
		answer = { to, error: e.message };
	}
	if (to === wanted)
		found = answer;
}

export function show() {
	if (!found)
		return;
	const { to, route, error } = found;
	const answer = error ? null : found.explained ?? explained(to, route);
	const text = JSON.stringify([answer, route?.["next-hops"].map((h) => [h, tunnelOf(h)?.t.state])]);
	if (text === drawn)
		return;
	drawn = text;
	if (error) {
		byId("way-steps").replaceChildren();
		byId("way-others").replaceChildren();
		setText(byId("way-verdict"), `No answer for ${to}: ${error}`);
		return;
	}
	drawExplained(answer);
	drawWays(route);
}

export function enter(to = "") {
	if (to === wanted)
		return;
	wanted = to;
	found = drawn = null;
	byId("way-to").value = to;
	byId("way-steps").replaceChildren();
	byId("way-others").replaceChildren();
	setText(byId("way-verdict"), to ? `Asking for ${to} …` : "");
}

byId("way-form").addEventListener("submit", (e) => {
	e.preventDefault();
	location.hash = `#way/${encodeURIComponent(byId("way-to").value.trim())}`;
});
