/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * names - see names.h.  A table of hashes with open addresses, twice as large as
 * what will be in it.
 */
#include "api/names.h"

#include "base/arena.h"
#include "base/str.h"
#include "text/name.h"

struct slot {
	struct str folded; /* p NULL: free */
	int next;          /* the number to try when this name comes again */
};
struct names {
	struct arena *a;
	struct slot *slots;
	size_t mask;
};

struct names *
names_new(struct arena *a, size_t max)
{
	struct names *set = ARENA_NEW(a, struct names);
	size_t size = 16;

	while (size < 2 * max)
		size *= 2;
	*set = (struct names){a, ARENA_ARRAY(a, struct slot, size), size - 1};
	return set;
}

/* FNV-1a; who sends chooses the names and can only slow down himself. */
static size_t
hash_of(struct str s)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (unsigned char)s.p[i]) * 0x100000001b3u;
	return (size_t)(h ^ h >> 32);
}

/* The slot that holds it, or the free one where it belongs. */
static struct slot *
slot_of(struct names *set, struct str folded)
{
	size_t i = hash_of(folded) & set->mask;

	while (set->slots[i].folded.p != NULL && !str_eq(set->slots[i].folded, folded))
		i = (i + 1) & set->mask;
	return &set->slots[i];
}

static bool
take(struct names *set, struct str name, struct slot **ret)
{
	struct str folded = name_folded(set->a, name);

	*ret = slot_of(set, folded);
	if ((*ret)->folded.p != NULL)
		return false;
	**ret = (struct slot){folded, 2};
	return true;
}

struct str
names_take(struct names *set, struct str name)
{
	struct slot *mine, *other;
	struct str numbered;

	if (take(set, name, &mine))
		return name;
	do {
		numbered = name_numbered(set->a, name, mine->next++);
	} while (!take(set, numbered, &other));
	return numbered;
}
