/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * db_pg_ways - what a connection of libpq may be made to: ports, or a unix socket
 *
 * host, hostaddr and port are lists of one length, or of one entry that stands
 * for all (libpq, "Specifying Multiple Hosts").  An address wins over a name; a
 * host that is a path, or begins with @, or is none at all is a unix socket.
 */
#include "base/error.h"
#include "base/str.h"
#include "db/db_private.h"

#define PORT "5432"

static size_t
length_of(const char *list)
{
	size_t n = 1;

	for (; list != NULL && *list != '\0'; list++)
		n += *list == ',';
	return n;
}

/* The i-th of a list; the only one stands for all. */
static struct str
entry(const char *list, size_t i)
{
	struct str rest = str_c(list != NULL ? list : ""), one = str_cut(rest, ',', &rest);

	for (; length_of(list) > 1 && i > 0; i--)
		one = str_cut(rest, ',', &rest);
	return one;
}

static bool
is_local(struct str host, struct str address)
{
	return address.n == 0 && (host.n == 0 || host.p[0] == '/' || host.p[0] == '@');
}

static int
add_port(struct db_ways *ways, struct str text, struct error *e)
{
	uint64_t port = 0;

	if (!str_u64(text.n > 0 ? text : S(PORT), &port) || port == 0 || port > UINT16_MAX)
		return err_set(e, ERR_INVALID, "no port of a database: %.*s", STR(text));
	for (size_t i = 0; i < ways->port_count; i++) {
		if (ways->ports[i] == port)
			return 0;
	}
	if (ways->port_count == DB_PORTS_MAX)
		return err_set(e, ERR_INVALID, "a database on more than %d ports", DB_PORTS_MAX);
	ways->ports[ways->port_count++] = (uint16_t)port;
	return 0;
}

int
pg_ways(
    const char *host, const char *hostaddr, const char *port, struct db_ways *ways, struct error *e)
{
	size_t n = MAX(length_of(host), length_of(hostaddr));

	for (size_t i = 0; i < n; i++) {
		if (is_local(entry(host, i), entry(hostaddr, i)))
			ways->local = true;
		else if (add_port(ways, entry(port, i), e) < 0)
			return err_code(e);
	}
	return 0;
}
