/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * clamd_fuzz - any bytes as an answer of clamd, and as SCAN and SCANNED
 *
 * Clean is one answer only; what is told further is printable and short enough
 * for the message that carries it.
 */
#include <stdlib.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"
#include "roles/clamd.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void
must(bool ok)
{
	if (!ok)
		abort();
}

/* What scan would tell worker of it. */
static void
tell(const struct clamd_said *said, struct arena *a)
{
	AUTO(buf_fini) struct buf b = {0};
	struct msg_scanned d = {1, said->outcome, str_c(said->detail)}, back;
	struct error e;

	buf_init(&b, LIMIT_MSG_BYTES);
	msg_scanned_put(&b, &d);
	must(msg_scanned_get(buf_view(&b), a, &back, &e) == 0);
	must(back.outcome == d.outcome && str_eq(back.detail, d.detail));
}

static void
check_messages(struct str in, struct arena *a)
{
	AUTO(buf_fini) struct buf b = {0};
	struct msg_scanned scanned;
	struct msg_scan scan;
	struct error e;

	buf_init(&b, LIMIT_MSG_BYTES);
	if (msg_scan_get(in, a, &scan, &e) == 0) {
		must(scan.part_count >= 1 && scan.part_count <= LIMIT_RENDER_PARTS);
		msg_scan_put(&b, &scan);
		must(str_eq(buf_view(&b), in));
	}
	buf_clear(&b);
	if (msg_scanned_get(in, a, &scanned, &e) == 0) {
		msg_scanned_put(&b, &scanned);
		must(str_eq(buf_view(&b), in));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct str in = {(const char *)p, n};
	struct clamd_said said;

	clamd_read(in, &said);
	must(said.outcome < SCAN_OUTCOME_COUNT && said.outcome != SCAN_UNAVAILABLE);
	must(said.outcome != SCAN_CLEAN || str_eq_c(in, "stream: OK"));
	tell(&said, a);
	check_messages(in, a);
	return 0;
}
