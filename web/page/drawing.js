// SPDX-License-Identifier: BSD-2-Clause
// The topology as this machine knows it: itself, its interfaces by plane and uplink, and the peers
// behind each. An interface with a single peer leads to a hub, or from hub to hub; one that is
// shared leads to sites (such is the rule of the configuration). What is down is red, dashed and
// crossed. The drawing is made when the tunnels are other ones or the room is; a state changes
// attributes alone.
import { STATES, byId, el, setAttr, setText, stateMark, svg } from "./dom.js";
import { ask } from "./api.js";
import { linkTo } from "./tunnels.js";
import { tunnels } from "./model.js";

const NAMED = 24;  // peers of an interface that get a line and a name each; more are a field
const LINE = 28, CELL = 15, GAP = 18, NAMES = 6;

const holder = byId("picture");
let planes = [], uplinks = [];
let drawnKey = null;
let marks = new Map(); // key of a tunnel: its elements
let fields = [];

function groups() {
	const of = new Map();
	for (const [key, entry] of tunnels) {
		const name = entry.t.interface;
		if (!of.has(name)) {
			const plane = planes.find((p) => p.interfaces.includes(name))?.name ?? "main";
			const uplink = uplinks.find((u) => u.interface === name)?.uplink ?? "";
			of.set(name, { name, plane, uplink, keys: [] });
		}
		of.get(name).keys.push(key);
	}
	return [...of.values()].sort((a, b) => a.plane.localeCompare(b.plane));
}

function clip(text, width) {
	const most = Math.max(4, Math.floor(width / 8));
	return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}

function label(text, x, y, width, attributes = {}) {
	return svg("text", { x, y, ...attributes }, svg("title", {}, text), clip(text, width));
}

const use = (state, x, y, size) => svg("use", { href: `#s-${state}`, x: x - size / 2,
	y: y - size / 2, width: size, height: size });

function drawNamed(at, group, y) {
	const parts = [];
	const first = y + (heightOf(at, group) - group.keys.length * LINE) / 2;
	group.keys.forEach((key, i) => {
		const { t } = tunnels.get(key);
		const py = first + i * LINE + LINE / 2;
		const middle = (at.ifaceEnd + at.peers) / 2;
		const line = svg("path", { class: "line", d: `M${at.ifaceEnd} ${at.middle(group, y)}` +
			`C${middle} ${at.middle(group, y)} ${middle} ${py} ${at.peers - 12} ${py}` });
		const shape = use(t.state, at.peers, py, 16);
		const word = svg("tspan", { class: "word", dx: 6 });
		const name = label(t.peer, at.peers + 19, py + 5, at.width - at.peers - 90);
		name.append(word);
		const hub = group.keys.length === 1 ? [svg("rect", { class: "hub", x: at.peers - 12,
			y: py - 12, width: 24, height: 24, rx: 4 })] : [];
		const node = svg("g", { class: "node" }, line,
			svg("a", { href: linkTo(t) }, ...hub, shape, name));
		marks.set(key, { node, shape, word, state: null });
		parts.push(node);
	});
	return parts;
}

function drawField(at, group, y) {
	const columns = Math.max(4, Math.floor((at.width - at.peers) / CELL));
	const height = Math.ceil(group.keys.length / columns) * CELL;
	const middle = at.middle(group, y);
	const line = svg("path", { class: "line bundle",
		d: `M${at.ifaceEnd} ${middle}H${at.peers - 10}` });
	const said = svg("text", { x: at.peers - 6, y: y + 12 });
	const names = svg("text", { x: at.peers - 6, y: y + 30, class: "word" });
	const node = svg("g", { class: "node" }, line, said, names);
	group.keys.forEach((key, i) => {
		const { t } = tunnels.get(key);
		const shape = use(t.state, at.peers + i % columns * CELL,
			y + 46 + Math.floor(i / columns) * CELL, 11);
		shape.append(svg("title", {}, t.peer));
		const cell = svg("g", { class: "node" }, shape);
		marks.set(key, { node: cell, shape, word: null, state: null });
		node.append(cell);
	});
	fields.push({ node, said, names, keys: group.keys, room: at.width - at.peers });
	return { node, height: height + 50 };
}

function heightOf(at, group) {
	if (group.keys.length <= NAMED)
		return Math.max(56, group.keys.length * LINE);
	const columns = Math.max(4, Math.floor((at.width - at.peers) / CELL));
	return Math.ceil(group.keys.length / columns) * CELL + 50;
}

function draw(list, width, host) {
	const narrow = width < 600;
	const at = { width, iface: narrow ? 84 : 210, ifaceEnd: narrow ? 160 : 350,
		peers: narrow ? 205 : 460 };
	at.middle = (group, y) => y + Math.min(heightOf(at, group), 400) / 2;
	const total = list.reduce((sum, g) => sum + heightOf(at, g) + GAP * 2, GAP);
	const here = { x: 4, width: narrow ? 62 : 130, y: Math.min(total / 2, 240) };
	const drawn = svg("svg", { role: "group", "aria-label": "Drawing of the tunnels", width,
		height: total, viewBox: `0 0 ${width} ${total}` });
	marks = new Map();
	fields = [];
	let y = GAP;
	for (const group of list) {
		const height = heightOf(at, group);
		const middle = at.middle(group, y);
		drawn.append(svg("rect", { class: "plane", x: at.iface - 12, y: y - 8,
			width: width - at.iface + 10, height: height + 16, rx: 8 }));
		drawn.append(svg("path", { class: "trunk", d: `M${here.x + here.width} ${here.y}` +
			`C${at.iface - 12} ${here.y} ${here.x + here.width} ${middle} ${at.iface} ${middle}` }));
		drawn.append(svg("rect", { class: "box", x: at.iface, y: middle - 24,
			width: at.ifaceEnd - at.iface, height: 48, rx: 6 }));
		drawn.append(label(group.name, at.iface + 8, middle - 5, at.ifaceEnd - at.iface - 12,
			{ class: "name" }));
		const second = group.uplink ? `${group.plane}, by ${group.uplink}`
			: narrow ? group.plane : `plane ${group.plane}`;
		drawn.append(label(second, at.iface + 8, middle + 14, at.ifaceEnd - at.iface - 8,
			{ class: "second" }));
		if (group.keys.length <= NAMED)
			drawn.append(...drawNamed(at, group, y));
		else
			drawn.append(drawField(at, group, y).node);
		y += height + GAP * 2;
	}
	drawn.append(svg("rect", { class: "box here", x: here.x, y: here.y - 28, width: here.width,
		height: 56, rx: 6 }), label(host, here.x + 8, here.y + 5, here.width - 8,
		{ class: "name" }));
	holder.replaceChildren(drawn);
}

// The state of every tunnel, where it differs from what is drawn.
function follow() {
	for (const [key, mark] of marks) {
		const state = tunnels.get(key)?.t.state;
		if (!state || mark.state === state)
			continue;
		mark.state = state;
		setAttr(mark.node, "data-state", state);
		setAttr(mark.shape, "href", `#s-${state}`);
		if (mark.word)
			setText(mark.word, state === "up" ? "" : state);
	}
	for (const field of fields) {
		const byState = Map.groupBy(field.keys, (key) => tunnels.get(key)?.t.state);
		const worst = STATES.find((state) => byState.has(state));
		setAttr(field.node, "data-state", worst ?? null);
		setText(field.said, STATES.filter((state) => byState.has(state))
			.map((state) => `${byState.get(state).length} ${state}`).join(", "));
		const down = byState.get("down") ?? [];
		const names = down.slice(0, NAMES).map((key) => tunnels.get(key).t.peer).join(", ");
		setText(field.names, down.length === 0 ? "" : clip(`down: ${names}` +
			(down.length > NAMES ? ` and ${down.length - NAMES} more` : ""), field.room));
	}
}

export async function load() {
	const [p, u] = await Promise.all([ask("planes"), ask("uplinks")]);
	({ planes } = p);
	({ uplinks } = u);
}

export function show() {
	const list = groups();
	const width = Math.max(300, holder.clientWidth);
	const host = byId("host").textContent;
	const key = JSON.stringify([width, host, list]);
	if (key !== drawnKey) {
		drawnKey = key;
		draw(list, width, host);
	}
	follow();
}

byId("legend").append(...["up", "degraded", "down", "idle", "never"].map((s) => stateMark(s)),
	el("span", {}, "A square around it: the only peer of its interface, a hub. Others are sites."));
addEventListener("resize", () => {
	if (!byId("view-drawing").hidden && tunnels.size)
		show();
});
