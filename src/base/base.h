/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * base - what every file of Geleit may take for granted
 *
 * Pointer-and-length strings, owned locals that free themselves at scope end,
 * and typed ids that the compiler refuses to swap.
 *
 * Layer: base (libc only).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define NODISCARD __attribute__((warn_unused_result))
#define PRINTF(f, a) __attribute__((format(printf, f, a)))
#define NORETURN __attribute__((noreturn))
#define UNUSED __attribute__((unused))

/*
 * AUTO(x_free) struct x *p = NULL;  runs x_free(&p) at scope end.  Every
 * destructor takes the address, accepts NULL and sets NULL, so that the
 * explicit call and the automatic one are the same function.
 */
#define AUTO(destructor) __attribute__((cleanup(destructor)))

/* Give an owned local away: its destructor then finds NULL. */
#define TAKE(p)                                                                                    \
	({                                                                                         \
		__typeof__(p) *pp_ = &(p);                                                         \
		__typeof__(p) v_ = *pp_;                                                           \
		*pp_ = NULL;                                                                       \
		v_;                                                                                \
	})

/* The same for a descriptor. */
#define TAKE_FD(fd)                                                                                \
	({                                                                                         \
		int *fp_ = &(fd);                                                                  \
		int f_ = *fp_;                                                                     \
		*fp_ = -1;                                                                         \
		f_;                                                                                \
	})

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

/* Bytes that live elsewhere.  Not NUL-terminated; p may be NULL when n is 0. */
struct str {
	const char *p;
	size_t n;
};

/* A string literal as struct str. */
#define S(literal) ((struct str){(literal), sizeof(literal) - 1})
/* For printf("%.*s", STR(s)). */
#define STR(s) (int)(s).n, (s).p

/* Where a list goes on (0: at its start), and how many at most. */
struct page_at {
	int64_t id;
	int max;
};

/* 16 random bytes: events, blobs, uploads, transfers. */
struct id128 {
	uint8_t b[16];
};

/* How a body is hashed on its way.  SHA-1 is what tus wants offered; nothing of ours rests on it.
 */
enum digest_kind { DIGEST_NONE, DIGEST_SHA1, DIGEST_SHA256, DIGEST_KIND_COUNT };
#define DIGEST_BYTES_MOST 32

/* Time-ordered 63-bit ids, one struct per noun so that they cannot be swapped. */
#define TYPED_ID(name)                                                                             \
	typedef struct {                                                                           \
		int64_t v;                                                                         \
	} name
TYPED_ID(person_id);
TYPED_ID(api_key_id);
TYPED_ID(folder_id);
TYPED_ID(asset_id);
TYPED_ID(version_id);
TYPED_ID(contact_id);
TYPED_ID(delivery_id);
TYPED_ID(recipient_id);
TYPED_ID(session_id);
TYPED_ID(staff_session_id);
TYPED_ID(mail_id);
TYPED_ID(job_id);
