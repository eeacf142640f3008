// SPDX-License-Identifier: BSD-2-Clause
// BGP sessions and their prefixes.
import { Rows, age, byId, el, keepTable, labelsOf, row, setAttr, setData, setText, setState,
	stateMark } from "./dom.js";
import { ask } from "./api.js";
import { linkTo } from "./tunnels.js";

const table = keepTable(byId("rows-sessions"));
const labels = labelsOf(table);
let answer = null, answeredAt = 0;

// A session's colour and shape are those of a tunnel; the word is BGP's own.
const LOOK = { established: "up", disabled: "never", idle: "down" };
const look = (n) => LOOK[n.state] ?? "degraded";

function make(n) {
	const r = { n, mark: stateMark(look(n)), since: el("data"), as: el("data"), received: el("data"),
		accepted: el("data"), sent: el("data"), tunnel: el("span"), plane: el("span"),
		remarks: el("span"), description: el("span", { class: "small" }) };
	r.element = row(labels, r.mark,
		el("span", { class: "pair" }, el("span", { class: "address" }, n.address), r.description),
		r.as, r.since, r.received, r.accepted, r.sent, r.tunnel, r.plane, r.remarks);
	return r;
}

function remarks(n) {
	const said = [n.warning];
	if (n.state !== "established")
		said.push(n["last-notification"], n["last-error"]);
	return said.filter(Boolean).join("; ");
}

function showTunnel(r, tunnel) {
	const key = tunnel ? `${tunnel.interface} ${tunnel.peer} ${tunnel.reach}` : "";
	if (r.tunnelKey === key)
		return;
	r.tunnelKey = key;
	r.tunnel.replaceChildren(...(tunnel
		? [el("a", { href: linkTo(tunnel) }, `${tunnel.peer} (${tunnel.interface})`),
			` ${tunnel.reach}`]
		: ["–"]));
}

function change(r, n) {
	r.n = n;
	setAttr(r.element, "data-state", look(n));
	setState(r.mark, look(n));
	setText(r.mark.lastChild, n.state);
	setText(r.description, n.description || n.group || "");
	setData(r.as, n["remote-as"], String(n["remote-as"] ?? "–"));
	setData(r.received, n["received-prefixes"], String(n["received-prefixes"]));
	setData(r.accepted, n["accepted-prefixes"], String(n["accepted-prefixes"]));
	setData(r.sent, n["sent-prefixes"], String(n["sent-prefixes"]));
	showTunnel(r, n.tunnel);
	setText(r.plane, n.plane ?? "");
	setText(r.remarks, remarks(n));
}

const rows = new Rows(table.tBodies[0], make, change);

export async function load() {
	answer = await ask("bgp-summary");
	answeredAt = performance.now();
}

export function show() {
	if (!answer)
		return;
	const list = answer.neighbors;
	const up = list.filter((n) => n.state === "established").length;
	setText(byId("sessions-head"), `AS ${answer.as}, router ID ${answer["router-id"]}: ` +
		`${up} of ${list.length} sessions are established.`);
	rows.show(list.map((n) => [`${n.plane ?? ""} ${n.address}`, n]));
	byId("sessions-empty").hidden = list.length > 0;
	tick(performance.now());
}

export function tick(now) {
	for (const r of rows.rows.values()) {
		const since = r.n["up-seconds"] ?? r.n["down-seconds"];
		const known = since !== null && since !== undefined;
		setData(r.since, since, known ? age(since + (now - answeredAt) / 1000) : "never up");
	}
}
