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

export async function ask(name, members = {}) {
	const query = new URLSearchParams(members).toString();
	let answer;
	try {
		answer = await fetch(`api/${name}${query && "?"}${query}`,
			{ signal: AbortSignal.timeout(LIMIT_MS), headers: { Accept: "application/json" } });
	} catch (e) {
		throw new NoAnswer(e.name === "TimeoutError" ? `no answer within ${LIMIT_MS / 1000} s`
			: "wgbgp-web cannot be reached");
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
