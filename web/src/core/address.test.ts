// SPDX-License-Identifier: AGPL-3.0-or-later
// address.ts: what people paste into the recipients' field.
import assert from "node:assert/strict";
import { test } from "node:test";
import { distance, domainOf, isAddress, meant, newDomains, parseAddresses } from "./address";

test("a list from a mail program", () => {
	const { good, bad } = parseAddresses(
		'"Behrens, Jana" <j.behrens@Hafenkontor.EXAMPLE>; Ole <ole@x.example>,\nmailto:eva@y.example',
	);
	assert.deepEqual(good, ["j.behrens@hafenkontor.example", "ole@x.example", "eva@y.example"]);
	assert.deepEqual(bad, []);
});

test("spaces part addresses too, twice the same is once", () => {
	const { good } = parseAddresses("a@x.example  b@x.example\ta@X.example");
	assert.deepEqual(good, ["a@x.example", "b@x.example"]);
});

test("what is none is given back as it was typed", () => {
	const { good, bad } = parseAddresses("a@x.example, nobody, b@, @x.example, c@x..example");
	assert.deepEqual(good, ["a@x.example"]);
	assert.deepEqual(bad, ["nobody", "b@", "@x.example", "c@x..example"]);
});

test("a domain with umlauts becomes the one mail is sent to", () => {
	assert.deepEqual(parseAddresses("eva@Bücher.example").good, ["eva@xn--bcher-kva.example"]);
});

test("nothing in, nothing out", () => {
	assert.deepEqual(parseAddresses(" ;, \n"), { good: [], bad: [] });
});

test("what an address is", () => {
	for (const s of ["a@x.example", "o'hara+news@x.example", "a@x-y.example"])
		assert.ok(isAddress(s), s);
	for (const s of [
		"a",
		"a@x",
		"a b@x.example",
		"jörg@x.example",
		"a@-x.example",
		"a..b@x.example",
		".a@x.example",
		"a@x.example\n",
		`${"a".repeat(65)}@x.example`,
		`a@${"x".repeat(64)}.example`,
	])
		assert.equal(isAddress(s), false, s);
	assert.equal(domainOf("a@X.Example"), "x.example");
});

test("steps between words", () => {
	assert.equal(distance("", "abc"), 3);
	assert.equal(distance("gmial.com", "gmail.com"), 1);
	assert.equal(distance("gmail.co", "gmail.com"), 1);
	assert.equal(distance("abc", "abc"), 0);
});

test("a likely mistake is named, with the address that was meant", () => {
	assert.equal(meant("j@gmial.com", []), "j@gmail.com");
	assert.equal(meant("j@hafenkontr.example", ["hafenkontor.example"]), "j@hafenkontor.example");
	assert.equal(meant("j@hafenkontor.example", ["hafenkontor.example"]), null);
	assert.equal(meant("j@other.example", ["hafenkontor.example"]), null);
});

test("a domain nobody was written to is new, once", () => {
	assert.deepEqual(newDomains(["a@x.example", "b@x.example", "c@y.example"], ["Y.example"]), [
		"x.example",
	]);
});
