/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * verdict - see verdict.h.  One row per rule; a row that has something to say is
 * listed, the worst decides.
 */
#include "model/verdict.h"

#include "base/str.h"

static const char *const state_names[] = {
    [VERDICT_CLEARED] = "cleared",
    [VERDICT_CONDITIONS] = "conditions",
    [VERDICT_IN_REVIEW] = "in_review",
    [VERDICT_BLOCKED] = "blocked",
};

const char *
verdict_state_name(enum verdict_state s)
{
	return state_names[s];
}

static bool
has_ended(int64_t until, int64_t now)
{
	return until != 0 && until <= now;
}

static bool
is_clearing(const struct verdict_facts *f)
{
	return f->release == RELEASE_CLEARED || f->release == RELEASE_CONDITIONS;
}

/* The identity level that the classification demands. */
static int
floor_of(const struct verdict_facts *f)
{
	switch (f->class) {
	case CLASS_PUBLIC:
		return LEVEL_LINK;
	case CLASS_INTERNAL:
		return LEVEL_CODE;
	case CLASS_CONFIDENTIAL:
		return LEVEL_SECOND_CHANNEL;
	}
	return LEVEL_PASSKEY + 1; /* a class we do not know: no level is enough */
}

static bool
is_draft(const struct verdict_facts *f)
{
	return f->release == RELEASE_DRAFT;
}

static bool
is_in_review(const struct verdict_facts *f)
{
	return f->release == RELEASE_IN_REVIEW;
}

static bool
is_blocked(const struct verdict_facts *f)
{
	return !is_draft(f) && !is_in_review(f) && !is_clearing(f);
}

static bool
is_release_over(const struct verdict_facts *f)
{
	return is_clearing(f) && has_ended(f->release_until_us, f->now_us);
}

static bool
has_conditions(const struct verdict_facts *f)
{
	return f->release == RELEASE_CONDITIONS;
}

static bool
is_embargoed(const struct verdict_facts *f)
{
	return f->embargo_us > f->now_us;
}

static bool
is_expired(const struct verdict_facts *f)
{
	return has_ended(f->expires_us, f->now_us);
}

static bool
is_pending(const struct verdict_facts *f)
{
	return !f->ingested && f->malware != MALWARE_ERROR;
}

static bool
is_trashed(const struct verdict_facts *f)
{
	return f->trashed;
}

static bool
is_damaged(const struct verdict_facts *f)
{
	return f->malware == MALWARE_ERROR;
}

/* Anything that is none of the others is the worst. */
static bool
is_infected(const struct verdict_facts *f)
{
	return f->malware != MALWARE_CLEAN && f->malware != MALWARE_NOT_SCANNED &&
	       f->malware != MALWARE_ERROR;
}

static bool
is_held_unscanned(const struct verdict_facts *f)
{
	return f->malware == MALWARE_NOT_SCANNED && f->hold_unscanned;
}

static bool
is_recipient_blocked(const struct verdict_facts *f)
{
	return f->recipient_blocked;
}

static bool
may_not_send(const struct verdict_facts *f)
{
	return !f->sender_may_send;
}

static bool
is_wrong_method(const struct verdict_facts *f)
{
	return f->method != METHOD_PACKAGE || (has_conditions(f) && f->view_only);
}

static bool
is_class_out_of_reach(const struct verdict_facts *f)
{
	return floor_of(f) > f->level_possible;
}

static bool
is_level_too_low(const struct verdict_facts *f)
{
	return f->level_reached >= 0 && f->level_reached < floor_of(f);
}

static const struct rule {
	const char *code;
	enum verdict_check check;
	enum verdict_state state;
	bool (*speaks)(const struct verdict_facts *f);
} rules[] = {
    {"release-draft", CHECK_RELEASE, VERDICT_IN_REVIEW, is_draft},
    {"release-in-review", CHECK_RELEASE, VERDICT_IN_REVIEW, is_in_review},
    {"release-blocked", CHECK_RELEASE, VERDICT_BLOCKED, is_blocked},
    {"release-expired", CHECK_RELEASE, VERDICT_BLOCKED, is_release_over},
    {"release-conditions", CHECK_RELEASE, VERDICT_CONDITIONS, has_conditions},
    {"embargo", CHECK_DATES, VERDICT_BLOCKED, is_embargoed},
    {"expired", CHECK_DATES, VERDICT_BLOCKED, is_expired},
    {"trashed", CHECK_RELEASE, VERDICT_BLOCKED, is_trashed},
    {"damaged", CHECK_RELEASE, VERDICT_BLOCKED, is_damaged},
    {"malware-infected", CHECK_RELEASE, VERDICT_BLOCKED, is_infected},
    {"malware-unscanned", CHECK_RELEASE, VERDICT_BLOCKED, is_held_unscanned},
    {"ingest-pending", CHECK_RELEASE, VERDICT_IN_REVIEW, is_pending},
    {"recipient-blocked", CHECK_AUDIENCE, VERDICT_BLOCKED, is_recipient_blocked},
    {"sender-role", CHECK_RELEASE, VERDICT_BLOCKED, may_not_send},
    {"method", CHECK_RELEASE, VERDICT_BLOCKED, is_wrong_method},
    {"classification", CHECK_AUDIENCE, VERDICT_BLOCKED, is_class_out_of_reach},
    {"identity-level", CHECK_AUDIENCE, VERDICT_BLOCKED, is_level_too_low},
};

static enum check_state
check_of(enum verdict_state s)
{
	static const enum check_state states[] = {
	    CHECK_OK, CHECK_CONDITION, CHECK_OPEN, CHECK_STOP};

	return states[s];
}

/* What to show beside the code. */
static void
describe(const struct verdict_facts *f, struct verdict_reason *r)
{
	r->level = -1;
	if (strcmp(r->code, "release-expired") == 0)
		r->date_us = f->release_until_us;
	if (strcmp(r->code, "release-conditions") == 0) {
		r->text = f->credit;
		r->date_us = f->release_until_us;
	}
	if (strcmp(r->code, "embargo") == 0)
		r->date_us = f->embargo_us;
	if (strcmp(r->code, "expired") == 0)
		r->date_us = f->expires_us;
	if (strcmp(r->code, "classification") == 0 || strcmp(r->code, "identity-level") == 0)
		r->level = floor_of(f);
}

static int64_t
earlier(int64_t until, int64_t date)
{
	return date != 0 && date < until ? date : until;
}

void
verdict(const struct verdict_facts *f, struct verdict *ret)
{
	*ret = (struct verdict){.state = VERDICT_CLEARED, .until_us = INT64_MAX};
	ret->checks[CHECK_LICENCE] = ret->checks[CHECK_PEOPLE] = CHECK_NOT_CHECKED;
	ret->checks[CHECK_AUDIENCE] = CHECK_NOT_CHECKED;
	for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
		const struct rule *rule = &rules[i];
		struct verdict_reason *r = &ret->reasons[ret->reason_count];
		enum check_state *check = &ret->checks[rule->check];

		if (!rule->speaks(f))
			continue;
		*r = (struct verdict_reason){
		    .code = rule->code, .check = rule->check, .state = rule->state};
		describe(f, r);
		ret->reason_count++;
		ret->state = MAX(ret->state, rule->state);
		if (*check == CHECK_NOT_CHECKED || *check < check_of(rule->state))
			*check = check_of(rule->state);
	}
	if (has_conditions(f)) {
		ret->credit = f->credit;
		ret->view_only = f->view_only;
	}
	ret->level_floor = floor_of(f);
	ret->until_us =
	    earlier(earlier(INT64_MAX, is_clearing(f) ? f->release_until_us : 0), f->expires_us);
}

/* ---- names ---- */

static const char *const release_names[] = {
    [RELEASE_DRAFT] = "draft",
    [RELEASE_IN_REVIEW] = "in_review",
    [RELEASE_CLEARED] = "cleared",
    [RELEASE_CONDITIONS] = "conditions",
    [RELEASE_BLOCKED] = "blocked",
};
static const char *const class_names[] = {
    [CLASS_PUBLIC] = "public",
    [CLASS_INTERNAL] = "internal",
    [CLASS_CONFIDENTIAL] = "confidential",
};
static const char *const malware_states[] = {
    [MALWARE_NOT_SCANNED] = "not_scanned",
    [MALWARE_CLEAN] = "clean",
    [MALWARE_INFECTED] = "infected",
    [MALWARE_ERROR] = "error",
};

bool
release_parse(struct str s, enum release_state *ret)
{
	int i = str_index(s, release_names, ARRAY_LEN(release_names));

	if (i >= 0)
		*ret = (enum release_state)i;
	return i >= 0;
}

const char *
release_name(enum release_state s)
{
	return release_names[s];
}

bool
class_parse(struct str s, enum asset_class *ret)
{
	int i = str_index(s, class_names, ARRAY_LEN(class_names));

	if (i >= 0)
		*ret = (enum asset_class)i;
	return i >= 0;
}

const char *
class_name(enum asset_class c)
{
	return class_names[c];
}

bool
malware_parse(struct str s, enum malware_state *ret)
{
	int i = str_index(s, malware_states, ARRAY_LEN(malware_states));

	if (i >= 0)
		*ret = (enum malware_state)i;
	return i >= 0;
}

const char *
malware_name(enum malware_state m)
{
	return malware_states[m];
}
