/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* sizes: the whole protocol between the roles, to be read on one page */
/*
 * msg - everything one role may ask another (docs/internals/messages.md)
 *
 * The enum is the protocol.  Each struct has an encoder into a buf and a
 * decoder from a str; a decoder checks every length and count and that nothing
 * follows, because every receiver treats its peer as hostile.  Decoded strings
 * point into the message; arrays live in the arena.  All decoders: 0 or
 * ERR_PROTOCOL.  The request number travels in ipc_msg.id.
 *
 *	front -> app (lane)  REQUEST BODY KEYS SENT
 *	app -> front         TAKEN TAKE_BODY REPLY KEYS_ARE SENT_OK
 *	master -> role       START PEER RELOAD    role -> master  READY, front also CERTIFICATE
 *	app, worker -> keeper  WRAP UNWRAP PEPPER UNSEAL_* TICKET_KEY
 *	worker -> egress     DELIVER              egress -> worker DELIVERED
 *	worker -> media      RENDER               media -> worker  RENDERED
 *	worker -> scan       SCAN                 scan -> worker   SCANNED
 *
 * Layer: msg (base only).
 */
#pragma once

#include "base/base.h"
#include "base/limits.h"

struct arena;
struct buf;
struct error;

enum msg {
	MSG_START = 1,
	MSG_PEER,
	MSG_READY,
	MSG_RELOAD,      /* front: read the certificate again */
	MSG_CERTIFICATE, /* of front, once READY and whenever it read another one */
	MSG_REQUEST = 16,
	MSG_TAKEN, /* body empty */
	MSG_TAKE_BODY,
	MSG_BODY,
	MSG_REPLY,
	MSG_KEYS,
	MSG_KEYS_ARE,
	MSG_SENT,
	MSG_SENT_OK,
	MSG_WRAP = 32,
	MSG_UNWRAP,
	MSG_UNSEAL_PERSON,
	MSG_UNSEAL_MAIL,
	MSG_PEPPER,
	MSG_TICKET_KEY,
	MSG_ANSWER, /* the keeper's, to each of the six above; id as asked */
	MSG_DELIVER = 48,
	MSG_DELIVERED,
	MSG_RENDER = 56,
	MSG_RENDERED,
	MSG_SCAN = 60,
	MSG_SCANNED,
};

enum role_kind {
	ROLE_MASTER,
	ROLE_FRONT,
	ROLE_APP,
	ROLE_KEEPER,
	ROLE_WORKER,
	ROLE_EGRESS,
	ROLE_MEDIA,
	ROLE_SCAN,
	ROLE_KIND_COUNT
};
const char *role_name(enum role_kind r);

/* LANE_SLOW: passwords, read by one app of its own. */
enum lane { LANE_INTERACTIVE, LANE_HEAVY, LANE_SLOW, LANE_COUNT };

/* ---- master ---- */

/* Descriptor 0: the sealed configuration (conf.h text); front also gets listeners after it. */
struct msg_start {
	enum role_kind role;
	uint32_t index;
	uint32_t listener_count;
	struct id128 boot; /* random, one per run of master */
};
/* Descriptor 0: the socket.  lane < LANE_COUNT: a request lane of front `index`; else the pair with
 * (role, index). */
struct msg_peer {
	enum role_kind role;
	uint32_t index;
	uint32_t lane; /* LANE_COUNT: not a lane */
};

struct msg_certificate {
	int64_t ends_us; /* its notAfter */
};

/* ---- requests ---- */

struct msg_field {
	struct str name, value;
};
/* Body above 64 KiB minus head: descriptor 0 is a sealed memfd instead of `body`. */
struct msg_request {
	struct str method, target;
	struct str peer;        /* client address, text, no port */
	int64_t content_length; /* -1: none or chunked */
	bool chunked;
	bool body_waits; /* there is a body and it was not read: TAKE_BODY or refuse */
	bool body_in_fd;
	struct str body;
	const struct msg_field *fields;
	size_t field_count;
};

/* Descriptor 0: the part, opened for writing, empty. */
struct msg_take_body {
	struct str ticket;
	struct id128 blob;
	uint8_t key[32];
	uint8_t purpose;     /* enum sealed_purpose */
	uint64_t part_bytes; /* seal at most this much plaintext into the part, then BODY */
	uint64_t body_bytes; /* the rest of the body may bring at most this much: more is 413 */
	uint8_t digest;      /* enum digest_kind: hash the plaintext, and no BODY before its end */
};
struct msg_body {
	struct str ticket;
	struct id128 blob;
	uint64_t bytes; /* plaintext sealed into the part, may be 0 */
	bool ended;     /* the body is whole */
	bool broken;    /* the client went away or sent nonsense: nobody waits for a reply */
	bool excess;    /* the body brought more than body_bytes */
	int32_t failed; /* ERR_ of writing the part, nothing of which counts then; 0: none */
	uint8_t digest[DIGEST_BYTES_MOST]; /* of the part, when one was asked for; else zeros */
};

/* ---- replies ---- */

/* One piece of a body: literal bytes, or sealed bytes of a blob under key slot `slot`. */
struct msg_segment {
	bool is_blob;
	struct str bytes; /* literal */
	struct id128 blob;
	uint8_t purpose;
	uint32_t slot;           /* non-decreasing over a plan */
	uint64_t offset, length; /* plaintext */
};
struct msg_plan {
	const struct msg_segment *segments;
	size_t segment_count;
	uint64_t bytes; /* sum, checked by the decoder */
	uint32_t slot_count;
};

/* Small bodies ride in `body`; a plan inline, or above 32 KiB in descriptor 0 (sealed memfd). */
enum msg_body_kind { REPLY_NONE, REPLY_BYTES, REPLY_PLAN, REPLY_PLAN_FD };
struct msg_reply {
	uint32_t status;
	const struct msg_field *fields; /* front adds Content-Length, Date, Connection */
	size_t field_count;
	enum msg_body_kind kind;
	struct str body;
	struct str plan;       /* encoded msg_plan */
	uint64_t from, length; /* the window of the plan to send (Range) */
	struct str ticket;     /* for KEYS; "" when no key is asked for */
	struct str key;        /* of slot 0 when it is the only one and comes along, else "" */
	bool is_transfer;      /* report it in SENT; the ticket then serves there too */
	bool close;            /* end the connection after it */
};

struct msg_keys {
	struct str ticket;
	uint32_t first, count; /* slots */
};
struct msg_keys_are {
	bool stop; /* the verdict is no: cut */
	uint32_t first, count;
	const uint8_t (*keys)[32];
};

/* ---- transfers ---- */

enum { SENT_FIRST = 1, SENT_WRITE = 2, SENT_END = 4 }; /* WRITE: five seconds are over */
struct msg_range {
	uint64_t from, to; /* of the representation; to exclusive */
};
struct msg_sent_one {
	uint32_t number; /* front's own, comes back in SENT_OK */
	uint32_t seq;    /* grows per transfer */
	uint32_t flags;
	struct str ticket;
	/* of the representation, to the client's TCP, so that no more can have been read; and when
	 * the last of that was, at the latest */
	uint64_t given_to;
	int64_t given_us;
	const struct msg_range *ranges; /* acknowledged by the client's TCP */
	size_t range_count;
};
struct msg_sent {
	const struct msg_sent_one *transfers;
	size_t transfer_count;
};
struct msg_sent_ok_one {
	uint32_t number, seq;
	bool stop;
};
struct msg_sent_ok {
	const struct msg_sent_ok_one *transfers;
	size_t transfer_count;
};

/* ---- keeper ---- */

struct msg_wrapped {
	uint32_t epoch;
	uint8_t epoch_wrap[60];
	struct id128 id;
	uint8_t wrap[60]; /* UNWRAP, UNSEAL_* */
	uint8_t key[32];  /* WRAP: the key to wrap */
};
struct msg_keeper {
	uint8_t kind;    /* enum wrap_kind */
	bool make_epoch; /* WRAP: epoch_wrap is empty, make one */
	struct msg_wrapped *items;
	size_t item_count;      /* at most LIMIT_KEYS_PER_CALL */
	struct str label, data; /* PEPPER */
};
struct msg_answer {
	int32_t result;            /* 0 or ERR_ */
	struct msg_wrapped *items; /* WRAP: epoch_wrap and wrap; UNWRAP: key */
	size_t item_count;
	struct str data; /* PEPPER, TICKET_KEY: 32 bytes */
};

/* ---- mail ---- */

/* Descriptor 0: sealed memfd with the rendered mail (encode below, too large for a message). */
struct msg_deliver {
	int64_t mail;
	struct str from_name, from_address, address, subject, message_id;
	int64_t date_us;
	struct str text, html, logo_png; /* logo "" when none */
	bool compose_only; /* no SMTP is set: give the RFC 5322 text back in descriptor 0 */
};
enum mail_outcome {
	MAIL_OK_ACCEPTED,
	MAIL_IS_DEFERRED,
	MAIL_IS_FAILED,
	MAIL_IS_UNKNOWN,
	MAIL_IS_COMPOSED
};
struct msg_delivered {
	int64_t mail;
	enum mail_outcome outcome;
	struct str reply; /* the server's own words, at most 1,000 bytes */
};

/* ---- one file to somebody who may read it and nothing else ---- */

struct msg_sealed_part {
	struct id128 blob;
	uint64_t bytes; /* plaintext */
};

/* ---- previews ---- */

/* Which libraries a job may need; told by our own look at the first bytes. */
enum media_kind { MEDIA_PICTURE, MEDIA_HEIF, MEDIA_SVG, MEDIA_PDF, MEDIA_KIND_COUNT };
const char *media_kind_name(enum media_kind k);
/* Of a type from text/media_type.h; false: nothing of it can be shown. */
bool media_kind_of(struct str media_type, enum media_kind *ret);

/*
 * Descriptor 0: a memfd for the result (format: msg/record.h); then the parts'
 * ciphertext, read-only, in order.  The job may read one file and nothing else.
 */
struct msg_render {
	int64_t job;
	enum media_kind kind;
	uint8_t key[32];
	uint32_t pages; /* at most so many */
	const struct msg_sealed_part *parts;
	size_t part_count;
};
enum render_outcome { RENDER_ENDED, RENDER_TIMED_OUT, RENDER_KILLED };
/* ENDED: the memfd says the rest, and is to be read as what a stranger wrote. */
struct msg_rendered {
	int64_t job;
	enum render_outcome outcome;
	uint32_t detail; /* exit code, or the signal that ended it */
	uint32_t cpu_ms, peak_kib;
};

/* ---- the scanner for malware ---- */

/* The parts' ciphertext, read-only, in order. */
struct msg_scan {
	int64_t job;
	uint8_t key[32];
	const struct msg_sealed_part *parts;
	size_t part_count;
};
enum scan_outcome {
	SCAN_CLEAN,
	SCAN_INFECTED,    /* detail: the signature */
	SCAN_TOO_LARGE,   /* for the scanner: it did not read all of it */
	SCAN_ENCRYPTED,   /* it could not look inside */
	SCAN_FAILED,      /* at this file; detail: its words */
	SCAN_UNAVAILABLE, /* at every file: nobody answers; detail: why */
	SCAN_OUTCOME_COUNT
};
#define SCAN_DETAIL_BYTES 200
struct msg_scanned {
	int64_t job;
	enum scan_outcome outcome;
	struct str detail; /* printable ASCII, at most SCAN_DETAIL_BYTES */
};

#define MSG_CODEC(name)                                                                            \
	void msg_##name##_put(struct buf *b, const struct msg_##name *m);                          \
	NODISCARD int msg_##name##_get(                                                            \
	    struct str in, struct arena *a, struct msg_##name *ret, struct error *e)
MSG_CODEC(start);
MSG_CODEC(peer);
MSG_CODEC(certificate);
MSG_CODEC(request);
MSG_CODEC(take_body);
MSG_CODEC(body);
MSG_CODEC(reply);
MSG_CODEC(plan); /* also checks slots, sums and overflow */
MSG_CODEC(keys);
MSG_CODEC(keys_are);
MSG_CODEC(sent);
MSG_CODEC(sent_ok);
MSG_CODEC(keeper);
MSG_CODEC(answer);
MSG_CODEC(deliver);
MSG_CODEC(delivered);
MSG_CODEC(render); /* also checks the kind, and that there is a byte to read */
MSG_CODEC(rendered);
MSG_CODEC(scan);    /* as render */
MSG_CODEC(scanned); /* also checks the outcome and that the detail is printable */
#undef MSG_CODEC
