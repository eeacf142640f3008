// SPDX-License-Identifier: BSD-2-Clause
// Elements, and how values are written.
//
// Names, messages and errors come from other machines. They get into the page by textContent and
// setAttribute() alone, nowhere as markup.

const SVG = "http://www.w3.org/2000/svg";

export const byId = (id) => document.getElementById(id);

// An element with attributes and children: strings become text.
export function el(name, attributes = {}, ...children) {
	return fill(document.createElement(name), attributes, children);
}

export function svg(name, attributes = {}, ...children) {
	return fill(document.createElementNS(SVG, name), attributes, children);
}

function fill(element, attributes, children) {
	for (const [name, value] of Object.entries(attributes))
		if (value !== null && value !== undefined)
			element.setAttribute(name, value);
	element.append(...children);
	return element;
}

// Only what differs is touched: a page of 1,000 rows stays as it is where nothing happens.
export function setText(element, text) {
	if (element.textContent !== text)
		element.textContent = text;
}

export function setAttr(element, name, value) {
	if (value === null)
		element.removeAttribute(name);
	else if (element.getAttribute(name) !== String(value))
		element.setAttribute(name, value);
}

// <data> says the exact value beside the one that is easy to read.
export function setData(element, value, text) {
	setAttr(element, "value", value === null || value === undefined ? "" : value);
	setText(element, text);
}

export const STATES = ["down", "degraded", "never", "idle", "up"]; // the worst one first

const shape = (state) => `#s-${STATES.includes(state) ? state : "never"}`;

export function symbol(state) {
	return svg("svg", { class: "symbol", "aria-hidden": "true", focusable: "false" },
		svg("use", { href: shape(state) }));
}

// A state as shape, colour and word.
export function stateMark(state) {
	return el("span", { class: "state", "data-state": state }, symbol(state),
		el("span", {}, state));
}

export function setState(mark, state) {
	if (mark.dataset.state === state)
		return;
	mark.dataset.state = state;
	mark.firstChild.firstChild.setAttribute("href", shape(state));
	setText(mark.lastChild, state);
}

const pad = (n) => String(n).padStart(2, "0");

// Seconds as an age of two units.
export function age(seconds) {
	if (seconds === null || seconds === undefined)
		return "–";
	const s = Math.max(0, Math.floor(seconds));
	if (s < 60)
		return `${s} s`;
	if (s < 3600)
		return `${Math.floor(s / 60)} min ${pad(s % 60)} s`;
	if (s < 86400)
		return `${Math.floor(s / 3600)} h ${pad(Math.floor(s / 60) % 60)} min`;
	return `${Math.floor(s / 86400)} d ${Math.floor(s / 3600) % 24} h`;
}

export function bytes(n) {
	if (n === null || n === undefined || Number.isNaN(n))
		return "–";
	const units = ["B", "kB", "MB", "GB", "TB", "PB"];
	let at = 0;
	while (n >= 999.5 && at < units.length - 1) {
		n /= 1000;
		at++;
	}
	return `${at === 0 || n >= 100 ? Math.round(n) : n.toFixed(1)} ${units[at]}`;
}

export const rate = (n) => n === null || n === undefined ? "–" : `${bytes(n)}/s`;

export function milliseconds(n) {
	if (n === null || n === undefined)
		return "–";
	return `${n >= 100 ? Math.round(n) : n.toFixed(1)} ms`;
}

export function percent(n) {
	if (n === null || n === undefined)
		return "–";
	return `${n === 0 || n >= 10 ? Math.round(n) : n.toFixed(1)} %`;
}

// Values at equal distances as the path of a curve in a box of that size, LEAST or more high; what
// is unknown leaves a gap.
export function pathOf(values, width, height, least) {
	const known = (v) => v !== null && !Number.isNaN(v);
	const top = values.reduce((most, v) => known(v) && v > most ? v : most, least);
	let d = "";
	let pen = false;
	values.forEach((v, i) => {
		if (known(v)) {
			const x = Math.round(i * width / (values.length - 1) * 10) / 10;
			const y = Math.round((height - 1 - v / top * (height - 2)) * 10) / 10;
			d += pen ? `L${x} ${y}` : `M${x} ${y}h0`; // one alone is a dot
		}
		pen = known(v);
	});
	return d;
}

// Puts the elements of a parent into an order and moves only those that stand elsewhere. One that
// moves and has the focus keeps it.
export function arrange(parent, elements) {
	let next = parent.firstChild;
	for (const element of elements) {
		if (element === next) {
			next = next.nextSibling;
			continue;
		}
		const focused = element.isConnected && element.contains(document.activeElement)
			? document.activeElement : null;
		parent.insertBefore(element, next);
		focused?.focus({ preventScroll: true });
	}
	while (next) {
		const gone = next;
		next = next.nextSibling;
		gone.remove();
	}
}

// A view's table: rows by key, made once, changed where they differ.
export class Rows {
	constructor(body, make, change) {
		this.body = body;
		this.make = make;
		this.change = change;
		this.rows = new Map();
	}

	// ITEMS is a list of [key, item] in the order that is to be seen.
	show(items) {
		const seen = new Set();
		const elements = [];
		for (const [key, item] of items) {
			let row = this.rows.get(key);
			if (!row) {
				row = this.make(item, key);
				this.rows.set(key, row);
			}
			this.change(row, item);
			seen.add(key);
			elements.push(row.element);
		}
		for (const key of this.rows.keys())
			if (!seen.has(key))
				this.rows.delete(key);
		arrange(this.body, elements);
	}
}

// Cells with a label each, which a narrow screen shows in place of the table's head.
export function row(labels, ...contents) {
	const tr = el("tr", { role: "row" });
	contents.forEach((content, i) => {
		const head = i === 1;
		tr.append(el(head ? "th" : "td", {
			role: head ? "rowheader" : "cell", scope: head ? "row" : null,
			"data-label": labels[i],
		}, content));
	});
	return tr;
}

export const labelsOf = (table) =>
	[...table.tHead.rows[0].cells].map((cell) => cell.textContent);

// A table that a narrow screen shows as cards is still a table to those who hear it.
export function keepTable(table) {
	table.setAttribute("role", "table");
	for (const part of [table.tHead, ...table.tBodies])
		part.setAttribute("role", "rowgroup");
	table.tHead.rows[0].setAttribute("role", "row");
	for (const cell of table.tHead.rows[0].cells)
		cell.setAttribute("role", "columnheader");
	return table;
}
