/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * migrate - see migrate.h
 *
 * The type words are replaced only where a column's type stands: the word after
 * a column name, which stands after "(", "," or COLUMN.  So a column may be
 * called text, and CAST(x AS BIGINT) is left alone.  SQLite tables become
 * STRICT.  Two programs migrating at once take turns: SQLite's write lock, or an
 * advisory lock, and each looks at the version again inside its transaction.
 */
#include "db/migrate.h"

#include <ctype.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"
#include "base/time.h"
#include "db/db.h"
#include "db/migrate_sql.h"
#include "db/sql_scan.h"

#define SQL_MAX_BYTES (4 * 1024 * 1024)
#define ADVISORY_LOCK "7093873"

struct type_word {
	const char *word, *sqlite, *pg;
};

static const struct type_word type_words[] = {
    {"ID", "INTEGER", "bigint"},
    {"INT", "INTEGER", "bigint"},
    {"TEXT", "TEXT", "text"},
    {"BYTES", "BLOB", "bytea"},
    {"BOOL", "INTEGER", "boolean"},
};

/* Where the reader stands: the last two tokens, and the table it is in. */
struct reader {
	struct buf out;
	bool pg;
	struct str last, before; /* words or one character of punctuation */
	bool table;              /* inside CREATE TABLE */
	int depth;
};

static void
token(struct reader *r, struct str t)
{
	r->before = r->last;
	r->last = t;
}

static bool
is_word(struct str s)
{
	return s.n > 0 && (isalpha((unsigned char)s.p[0]) || s.p[0] == '_');
}

static bool
in_type_position(const struct reader *r)
{
	return is_word(r->last) && (str_eq(r->before, S("(")) || str_eq(r->before, S(",")) ||
	                               str_eq(r->before, S("COLUMN")));
}

static void
put_type(struct reader *r, const struct type_word *w)
{
	buf_lit(&r->out, r->pg ? w->pg : w->sqlite);
	if (!r->pg && strcmp(w->word, "BOOL") == 0)
		buf_printf(&r->out, " CHECK (%.*s IN (0, 1))", STR(r->last));
}

static void
put_word(struct reader *r, struct str word)
{
	const struct type_word *w = NULL;
	size_t i;

	if (in_type_position(r))
		for (i = 0; i < ARRAY_LEN(type_words); i++)
			if (str_eq_c(word, type_words[i].word))
				w = &type_words[i];
	if (w != NULL)
		put_type(r, w);
	else
		buf_str(&r->out, word);
	if (str_eq(word, S("TABLE")) && str_eq(r->last, S("CREATE")))
		r->table = true;
	token(r, word);
}

static void
put_char(struct reader *r, const char *p)
{
	buf_char(&r->out, *p);
	if (isspace((unsigned char)*p))
		return;
	token(r, (struct str){p, 1});
	r->depth += *p == '(' ? 1 : *p == ')' ? -1 : 0;
	if (*p != ')' || r->depth != 0 || !r->table)
		return;
	r->table = false;
	if (!r->pg)
		buf_lit(&r->out, " STRICT");
}

static const char *
word_end(const char *p)
{
	while (isalnum((unsigned char)*p) || *p == '_')
		p++;
	return p;
}

char *
migrate_sql(const char *sql, bool pg)
{
	struct reader r = {.pg = pg};
	const char *p = sql, *end;

	buf_init(&r.out, SQL_MAX_BYTES);
	while (*p != '\0') {
		end = sql_skip(p);
		if (end != p) {
			buf_add(&r.out, p, (size_t)(end - p));
		} else if ((end = word_end(p)) != p) {
			put_word(&r, (struct str){p, (size_t)(end - p)});
		} else {
			put_char(&r, p);
			end = p + 1;
		}
		p = end;
	}
	buf_char(&r.out, '\0');
	return r.out.p;
}

static int
run_common(struct db *db, const char *sql, struct error *e)
{
	char *mine = migrate_sql(sql, db_is_postgres(db));
	int r = db_script(db, mine, e);

	free(mine);
	return r;
}

static int
one_int(struct db *db, const char *sql, int64_t *ret, struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;
	int r = db_query(db, &q, e, sql);

	if (r == 0)
		r = rows_next(q, e);
	if (r <= 0)
		return r < 0 ? r : err_set(e, ERR_INTERNAL, "no row: %s", sql);
	*ret = rows_int(q, 0);
	return 0;
}

static int
newest(const struct migration *list)
{
	int n = 0;

	for (; list->number != 0; list++)
		n = list->number;
	return n;
}

static int
version(struct db *db, int *ret, struct error *e)
{
	int64_t tables, n = 0;
	int r;

	if (db_is_postgres(db))
		r = one_int(db,
		    "SELECT count(*) FROM pg_tables WHERE tablename = 'schema_version' "
		    "AND schemaname = current_schema()",
		    &tables, e);
	else
		r = one_int(db,
		    "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = "
		    "'schema_version'",
		    &tables, e);
	if (r == 0 && tables > 0)
		r = one_int(db, "SELECT coalesce(max(number), 0) FROM schema_version", &n, e);
	if (r < 0)
		return r;
	*ret = (int)n;
	return 0;
}

int
migrate_version(struct db *db, const struct migration *list, int *ret, struct error *e)
{
	int n, r = version(db, &n, e);

	if (r < 0)
		return r;
	if (n > newest(list))
		return err_key(e, ERR_CONFLICT, "schema-newer",
		    "the database has schema %d, this program knows up to %d", n, newest(list));
	*ret = n;
	return 0;
}

static int
apply(struct db *db, const struct migration *m, struct error *e)
{
	const char *own = db_is_postgres(db) ? m->pg : m->sqlite;
	int r = run_common(db, m->common, e);

	if (r == 0 && own != NULL)
		r = db_script(db, own, e);
	if (r < 0)
		return r;
	return db_exec(db, NULL, e,
	    "INSERT INTO schema_version (number, name, applied_us) VALUES (?, ?, ?)",
	    db_i(m->number), db_s(str_c(m->name)), db_i(time_now_us()));
}

/* Inside its transaction: the version may have moved since the first look. */
static int
step(struct db *db, const struct migration *list, const struct migration *m, struct error *e)
{
	int have = 0, r = 0;

	/* A migration of a large table may take longer than a statement of the server. */
	if (db_is_postgres(db))
		r = db_script(db, "SET LOCAL statement_timeout = 0", e);
	if (r == 0)
		r = migrate_version(db, list, &have, e);
	if (r < 0 || have >= m->number)
		return r;
	if (have == 0 && m == list)
		r = run_common(db,
		    "CREATE TABLE schema_version (number INT NOT NULL PRIMARY KEY, "
		    "name TEXT NOT NULL, applied_us INT NOT NULL)",
		    e);
	if (r == 0)
		r = apply(db, m, e);
	return r < 0 ? err_prefix(e, "migration %s", m->name) : 0;
}

static int
migrate_all(struct db *db, const struct migration *list, struct error *e)
{
	const struct migration *m;
	int have = 0, r = migrate_version(db, list, &have, e);

	for (m = list; r == 0 && m->number != 0; m++) {
		if (m->number <= have)
			continue;
		r = db_write_begin(db, DB_CHANGE, e);
		if (r == 0)
			r = step(db, list, m, e);
		if (r == 0)
			r = db_commit(db, e);
		db_rollback(db);
	}
	return r;
}

static void
advisory_unlock(struct db *db)
{
	AUTO(rows_close) struct rows *q = NULL;
	struct error ignored;

	if (db_query(db, &q, &ignored, "SELECT pg_advisory_unlock(" ADVISORY_LOCK ")") < 0)
		return; /* the session ends, and with it the lock */
}

int
migrate(struct db *db, const struct migration *list, struct error *e)
{
	int64_t locked;
	int r;

	if (!db_is_postgres(db))
		return migrate_all(db, list, e);
	r = one_int(db, "SELECT pg_advisory_lock(" ADVISORY_LOCK ") IS NULL", &locked, e);
	if (r < 0)
		return r;
	r = migrate_all(db, list, e);
	advisory_unlock(db);
	return r;
}
