// SPDX-License-Identifier: AGPL-3.0-or-later
// The recipient pages' only script, deferred; every page works the same without it.
// It shows how far a download has come by the server's own count of bytes, and
// takes the six digits out of whatever is pasted into the code field.  All words
// come from the page (data-*), all output goes through textContent.
(() => {
	'use strict';
	const EVERY_MS = 1000;
	const WINDOW_MS = 15000; // the rate is that of the last seconds
	const PATIENCE = 20; // rounds without anything running before it stops asking

	const code = document.getElementById('code');
	code?.addEventListener('paste', (event) => {
		const digits = event.clipboardData?.getData('text').replace(/\D/g, '') ?? '';
		if (digits.length !== 6) return;
		event.preventDefault();
		code.value = digits;
	});

	const box = document.getElementById('transfer');
	if (!box) return;
	const words = box.dataset;
	const bar = box.querySelector('progress');
	const what = box.querySelector('[data-what]');
	const left = box.querySelector('[data-left]');
	const rows = new Map();
	for (const row of document.querySelectorAll('[data-n]')) rows.set(Number(row.dataset.n), row);

	let timer = 0;
	let idle = 0;
	let moving = new Set(); // files asked for here, or seen running
	let seen = false; // one of them has run
	let samples = []; // [time, bytes]

	function remaining(sent, total) {
		const now = performance.now();
		samples.push([now, sent]);
		while (samples.length > 2 && now - samples[0][0] > WINDOW_MS) samples.shift();
		const [then, before] = samples[0];
		if (now - then < 2000 || sent <= before) return '';
		const seconds = ((total - sent) * (now - then)) / (sent - before) / 1000;
		if (seconds < 20) return words.soon;
		const minutes = Math.max(1, Math.round(seconds / 60));
		return minutes === 1 ? words.minute : words.minutes.replace('#', minutes);
	}

	function show(text, percent, rest) {
		box.hidden = false;
		if (what.textContent !== text) what.textContent = text; // a live region: speak only what is new
		left.textContent = percent === null ? '' : `${percent}\u00a0%${rest ? ` · ${rest}` : ''}`;
		bar.value = percent ?? 0;
	}

	function mark(file) {
		const row = rows.get(file.n)?.querySelector('[data-facts]');
		if (file.state !== 'complete' || !row || row.querySelector('.done')) return;
		const done = document.createElement('span');
		done.className = 'done';
		done.textContent = words.loaded;
		row.append(' · ', done);
	}

	function draw(answer) {
		for (const file of answer.files) {
			if (file.state === 'running') moving.add(file.n);
			seen ||= file.state === 'running';
			mark(file);
		}
		const mine = answer.files.filter((f) => moving.has(f.n));
		const running = mine.some((f) => f.state === 'running');
		const sent = mine.reduce((sum, f) => sum + f.sent_bytes, 0);
		const total = mine.reduce((sum, f) => sum + f.bytes, 0);
		if (running) {
			const percent = total > 0 ? Math.floor((100 * sent) / total) : 0;
			show(words.running, percent, remaining(sent, total));
		} else if (mine.length > 0 && mine.every((f) => f.state === 'complete')) {
			show(words.done, 100, '');
			idle = PATIENCE;
		} else if (seen || idle > 5) {
			show(words.broken, Math.floor((100 * sent) / (total || 1)), '');
		}
		idle = running ? 0 : idle + 1;
	}

	async function ask() {
		timer = 0;
		if (!document.hidden) {
			try {
				const answer = await fetch(words.url, { credentials: 'same-origin', redirect: 'error' });
				if (!answer.ok) return; // session or delivery over: the page says so when loaded again
				draw(await answer.json());
			} catch {
				idle += 1; // offline: the browser's own download shows it
			}
		}
		if (idle < PATIENCE) timer = setTimeout(ask, EVERY_MS);
	}

	function start() {
		idle = 0;
		timer ||= setTimeout(ask, EVERY_MS);
	}

	// What had been loaded before stays complete for the server: the browser alone knows how far it is.
	function begin(numbers) {
		if (!timer) moving = new Set();
		samples = [];
		seen = false;
		for (const n of numbers) moving.add(n);
		const again = numbers.every((n) => rows.get(n)?.querySelector('.done'));
		show(again ? words.again : words.begin, null, '');
		if (!again) start();
	}

	document.addEventListener('click', (event) => {
		const link = event.target.closest?.('a[data-load]');
		if (!link) return;
		const n = Number(link.dataset.load);
		begin(n > 0 ? [n] : [...rows.keys()]);
	});
	if (!box.hidden) start(); // one was running when the page was drawn
})();
