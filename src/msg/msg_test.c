/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * msg_test - every message there and back; cut short, prolonged and spoiled ones refused
 *
 * The round trip is checked by encoding the decoded message again: equal bytes
 * mean that no field was lost.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "msg/msg.h"

#define TICKET S("a ticket of some bytes")

static const struct msg_field fields[] = {{S("Host"), S("x")}, {S("Empty"), {0}}};

/* Decode a heap copy, so that the sanitizer sees every byte read past the end. */
#define DECODE(name, bytes, size, a, out, e)                                                       \
	({                                                                                         \
		char *copy_ = malloc((size) + 1);                                                  \
		memcpy(copy_, (bytes), (size));                                                    \
		char *exact_ = realloc(copy_, (size) ? (size) : 1);                                \
		int r_ = msg_##name##_get((struct str){exact_, (size)}, a, out, e);                \
		again = r_ == 0;                                                                   \
		if (again) {                                                                       \
			buf_clear(&second);                                                        \
			msg_##name##_put(&second, out);                                            \
		}                                                                                  \
		free(exact_);                                                                      \
		r_;                                                                                \
	})

#define CHECK(name, ...)                                                                           \
	static void name##_round_trip(void **state)                                                \
	{                                                                                          \
		struct msg_##name in = __VA_ARGS__, out;                                           \
		struct arena *a = arena_new();                                                     \
		struct buf first, second;                                                          \
		struct error e;                                                                    \
		bool again;                                                                        \
                                                                                                   \
		buf_init(&first, LIMIT_PLAN_BYTES);                                                \
		buf_init(&second, LIMIT_PLAN_BYTES);                                               \
		msg_##name##_put(&first, &in);                                                     \
		assert_int_equal(DECODE(name, first.p, first.n, a, &out, &e), 0);                  \
		assert_int_equal(first.n, second.n);                                               \
		assert_memory_equal(first.p, second.p, first.n);                                   \
		for (size_t n = 0; n < first.n; n++)                                               \
			assert_int_equal(DECODE(name, first.p, n, a, &out, &e), ERR_PROTOCOL);     \
		buf_char(&first, 0);                                                               \
		assert_int_equal(DECODE(name, first.p, first.n, a, &out, &e), ERR_PROTOCOL);       \
		buf_fini(&first);                                                                  \
		buf_fini(&second);                                                                 \
		arena_free(&a);                                                                    \
	}

CHECK(start, {.role = ROLE_FRONT, .index = 3, .listener_count = 2, .boot = {{1, 2}}})
CHECK(peer, {.role = ROLE_APP, .index = 7, .lane = LANE_HEAVY})
CHECK(certificate, {.ends_us = -5})
CHECK(request, {.method = S("GET"),
                   .target = S("/x?y"),
                   .peer = S("::1"),
                   .content_length = -1,
                   .chunked = true,
                   .body_waits = true,
                   .body = S("abc"),
                   .fields = fields,
                   .field_count = 2})
CHECK(take_body, {.ticket = TICKET,
                     .blob = {{9}},
                     .key = {1, 2, 3},
                     .purpose = 1,
                     .part_bytes = 5,
                     .body_bytes = 6,
                     .digest = DIGEST_SHA1})
CHECK(body, {.ticket = TICKET,
                .blob = {{8}},
                .bytes = 77,
                .ended = true,
                .excess = true,
                .failed = -17,
                .digest = {4, 5}})
CHECK(reply, {.status = 206,
                 .fields = fields,
                 .field_count = 2,
                 .kind = REPLY_PLAN,
                 .plan = S("plan"),
                 .from = 1,
                 .length = 2,
                 .ticket = TICKET,
                 .is_transfer = true,
                 .close = true})
static const struct msg_segment segments[] = {{.bytes = S("PK")},
    {.is_blob = true, .blob = {{5}}, .purpose = 1, .slot = 0, .offset = 1, .length = 10},
    {.is_blob = true, .blob = {{6}}, .purpose = 1, .slot = 1, .length = 20}};
CHECK(plan, {.segments = segments, .segment_count = 3, .bytes = 32, .slot_count = 2})
CHECK(keys, {.ticket = TICKET, .first = 4, .count = 16})
static const uint8_t some_keys[2][32] = {{1}, {2}};
CHECK(keys_are, {.stop = false, .first = 1, .count = 2, .keys = some_keys})
static const struct msg_range ranges[] = {{0, 5}, {9, 20}};
static const struct msg_sent_one sent_ones[] = {{.number = 1,
                                                    .seq = 2,
                                                    .flags = SENT_FIRST | SENT_END,
                                                    .ticket = TICKET,
                                                    .given_to = 30,
                                                    .given_us = 31,
                                                    .ranges = ranges,
                                                    .range_count = 2},
    {.number = 2, .seq = 1, .ticket = TICKET}};
CHECK(sent, {.transfers = sent_ones, .transfer_count = 2})
static const struct msg_sent_ok_one ok_ones[] = {{1, 2, true}, {3, 4, false}};
CHECK(sent_ok, {.transfers = ok_ones, .transfer_count = 2})
static struct msg_wrapped wrapped[] = {
    {.epoch = 202611, .id = {{3}}, .wrap = {4}, .key = {5}}, {.epoch = 1}};
CHECK(keeper, {.kind = 'v',
                  .make_epoch = true,
                  .items = wrapped,
                  .item_count = 2,
                  .label = S("link"),
                  .data = S("d")})
CHECK(answer, {.result = ERR_DENIED, .items = wrapped, .item_count = 2, .data = S("0123")})
CHECK(deliver, {.mail = 5,
                   .from_name = S("N"),
                   .from_address = S("a@b"),
                   .address = S("c@d"),
                   .subject = S("s"),
                   .message_id = S("i@j"),
                   .date_us = 7,
                   .text = S("t"),
                   .html = S("h"),
                   .logo_png = S("p"),
                   .compose_only = true})
CHECK(delivered, {.mail = 5, .outcome = MAIL_IS_DEFERRED, .reply = S("450 4.7.1 later")})
static const struct msg_sealed_part render_parts[] = {{{{5}}, 10}, {{{6}}, LIMIT_PART_BYTES}};
CHECK(render, {.job = 5,
                  .kind = MEDIA_PDF,
                  .key = {9},
                  .pages = LIMIT_RENDER_PAGES,
                  .parts = render_parts,
                  .part_count = 2})
CHECK(scan, {.job = 5, .key = {9}, .parts = render_parts, .part_count = 2})
CHECK(scanned, {.job = 5, .outcome = SCAN_INFECTED, .detail = S("Eicar-Body.UNOFFICIAL")})
CHECK(
    rendered, {.job = 5, .outcome = RENDER_KILLED, .detail = 9, .cpu_ms = 20000, .peak_kib = 4096})

static int
render_of(enum media_kind kind, uint32_t pages, const struct msg_sealed_part *parts, size_t n)
{
	struct msg_render in = {
	    .job = 1, .kind = kind, .pages = pages, .parts = parts, .part_count = n};
	struct msg_render out;
	struct arena *a = arena_new();
	struct error e;
	struct buf b;
	int r;

	buf_init(&b, LIMIT_MSG_BYTES);
	msg_render_put(&b, &in);
	r = msg_render_get(buf_view(&b), a, &out, &e);
	buf_fini(&b);
	arena_free(&a);
	return r;
}

/* An empty file makes a decoder abort: it never gets so far. */
static void
nothing_to_render_is_refused(void **state)
{
	static const struct msg_sealed_part many[LIMIT_RENDER_PARTS + 1] = {{{{1}}, 1}};
	static const struct msg_sealed_part empty = {{{1}}, 0};
	static const struct msg_sealed_part large = {{{1}}, LIMIT_PART_BYTES + 1};

	(void)state;
	assert_int_equal(render_of(MEDIA_PICTURE, 1, render_parts, 2), 0);
	assert_int_equal(render_of(MEDIA_KIND_COUNT, 1, render_parts, 2), ERR_PROTOCOL);
	assert_int_equal(render_of(MEDIA_PICTURE, 0, render_parts, 2), ERR_PROTOCOL);
	assert_int_equal(
	    render_of(MEDIA_PICTURE, LIMIT_RENDER_PAGES + 1, render_parts, 2), ERR_PROTOCOL);
	assert_int_equal(render_of(MEDIA_PICTURE, 1, NULL, 0), ERR_PROTOCOL);
	assert_int_equal(render_of(MEDIA_PICTURE, 1, &empty, 1), ERR_PROTOCOL);
	assert_int_equal(render_of(MEDIA_PICTURE, 1, &large, 1), ERR_PROTOCOL);
	assert_int_equal(render_of(MEDIA_PICTURE, 1, many, ARRAY_LEN(many)), ERR_PROTOCOL);
}

static int
scanned_of(int outcome, struct str detail)
{
	struct msg_scanned in = {.job = 1, .outcome = (enum scan_outcome)outcome, .detail = detail};
	struct msg_scanned out;
	struct error e;
	struct buf b;
	int r;

	buf_init(&b, LIMIT_MSG_BYTES);
	msg_scanned_put(&b, &in);
	r = msg_scanned_get(buf_view(&b), NULL, &out, &e);
	buf_fini(&b);
	return r;
}

static void
what_a_scanner_may_not_say_is_refused(void **state)
{
	char many[SCAN_DETAIL_BYTES + 1];

	(void)state;
	memset(many, 'x', sizeof many);
	assert_int_equal(scanned_of(SCAN_CLEAN, S("")), 0);
	assert_int_equal(scanned_of(SCAN_OUTCOME_COUNT, S("")), ERR_PROTOCOL);
	assert_int_equal(scanned_of(SCAN_INFECTED, S("two\nlines")), ERR_PROTOCOL);
	assert_int_equal(scanned_of(SCAN_INFECTED, S("\xc3\xa4")), ERR_PROTOCOL);
	assert_int_equal(scanned_of(SCAN_INFECTED, (struct str){many, sizeof many}), ERR_PROTOCOL);
	assert_int_equal(scanned_of(SCAN_INFECTED, (struct str){many, sizeof many - 1}), 0);
}

static int
plan_of(const struct msg_segment *g, size_t n, uint64_t bytes, uint32_t slots)
{
	struct msg_plan in = {.segments = g,
	                    .segment_count = n,
	                    .bytes = bytes,
	                    .slot_count = slots},
	                out;
	struct arena *a = arena_new();
	struct error e;
	struct buf b;
	int r;

	buf_init(&b, LIMIT_PLAN_BYTES);
	msg_plan_put(&b, &in);
	r = msg_plan_get(buf_view(&b), a, &out, &e);
	buf_fini(&b);
	arena_free(&a);
	return r;
}

static void
plans_that_lie_are_refused(void **state)
{
	struct msg_segment back[] = {segments[2], segments[1]};
	struct msg_segment empty[] = {{.is_blob = true, .length = 0}};
	struct msg_segment large[] = {{.is_blob = true, .length = UINT64_MAX}};

	assert_int_equal(plan_of(segments, 3, 31, 2), ERR_PROTOCOL);
	assert_int_equal(plan_of(segments, 3, 32, 1), ERR_PROTOCOL);
	assert_int_equal(plan_of(back, 2, 30, 2), ERR_PROTOCOL);
	assert_int_equal(plan_of(empty, 1, 0, 1), ERR_PROTOCOL);
	assert_int_equal(plan_of(large, 1, UINT64_MAX, 1), ERR_PROTOCOL);
}

static void
counts_beyond_the_limits_are_refused(void **state)
{
	struct msg_keys many = {.ticket = TICKET, .count = LIMIT_KEYS_PER_CALL + 1}, out;
	struct arena *a = arena_new();
	struct error e;
	struct buf b;

	buf_init(&b, LIMIT_MSG_BYTES);
	msg_keys_put(&b, &many);
	assert_int_equal(msg_keys_get(buf_view(&b), a, &out, &e), ERR_PROTOCOL);
	buf_fini(&b);
	arena_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(start_round_trip),
	    cmocka_unit_test(peer_round_trip),
	    cmocka_unit_test(certificate_round_trip),
	    cmocka_unit_test(request_round_trip),
	    cmocka_unit_test(take_body_round_trip),
	    cmocka_unit_test(body_round_trip),
	    cmocka_unit_test(reply_round_trip),
	    cmocka_unit_test(plan_round_trip),
	    cmocka_unit_test(keys_round_trip),
	    cmocka_unit_test(keys_are_round_trip),
	    cmocka_unit_test(sent_round_trip),
	    cmocka_unit_test(sent_ok_round_trip),
	    cmocka_unit_test(keeper_round_trip),
	    cmocka_unit_test(answer_round_trip),
	    cmocka_unit_test(deliver_round_trip),
	    cmocka_unit_test(delivered_round_trip),
	    cmocka_unit_test(render_round_trip),
	    cmocka_unit_test(rendered_round_trip),
	    cmocka_unit_test(scan_round_trip),
	    cmocka_unit_test(scanned_round_trip),
	    cmocka_unit_test(nothing_to_render_is_refused),
	    cmocka_unit_test(what_a_scanner_may_not_say_is_refused),
	    cmocka_unit_test(plans_that_lie_are_refused),
	    cmocka_unit_test(counts_beyond_the_limits_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
