// SPDX-License-Identifier: BSD-2-Clause
// Questions to wgbgp-web. The answers have the keys of `wgbgp-cli -c 'show ... json'`.

const LIMIT_MS = 15000;

// STATUS is that of HTTP, 0 where there was no answer.
export class NoAnswer extends Error {
	constructor(text, status = 0) {
		super(text);
		this.status = status;
	}
}

async function read(path, signal) {
	let answer;
	try {
		answer = await fetch(path, { signal, headers: { Accept: "application/json" } });
	} catch {
		throw new NoAnswer("wgbgp-web cannot be reached");
	}
	let value;
	try {
		value = await answer.json();
	} catch {
		throw new NoAnswer(`an answer that is no JSON (status ${answer.status})`, answer.status);
	}
	if (!answer.ok)
		throw new NoAnswer(String(value?.error ?? `status ${answer.status}`), answer.status);
	return value;
}

// The time limit goes with the answer: AbortSignal.timeout() would be kept for all of that time.
export async function ask(name, members = {}) {
	const query = new URLSearchParams(members).toString();
	const limit = new AbortController();
	const timer = setTimeout(() => limit.abort(), LIMIT_MS);
	try {
		return await read(`api/${name}${query && "?"}${query}`, limit.signal);
	} catch (e) {
		throw limit.signal.aborted ? new NoAnswer(`no answer within ${LIMIT_MS / 1000} s`) : e;
	} finally {
		clearTimeout(timer);
	}
}
