/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * roles - the table: what each process of geleitd may do, on one screen
 *
 * Paths without a slash in front are below DIR.  Debian 12's kernel has Landlock
 * without network and truncate rights, so the seccomp list (os/sandbox.h) says
 * the rest.  parts/ must grant at least what blobs/ grants for a file, else the
 * rename that publishes a part fails with EXDEV.
 */
#include "roles/role.h"

#define DATABASE                                                                                   \
	(SANDBOX_READ | SANDBOX_WRITE_FILE | SANDBOX_MAKE_REG | SANDBOX_REMOVE_FILE |              \
	    SANDBOX_TRUNCATE)

/* A PostgreSQL server by name and with TLS: resolver, certificates, its socket. */
static const struct sandbox_path postgres_list[] = {
    {"/etc", SANDBOX_READ}, /* as a folder: resolv.conf is replaced while we run */
    {"/usr/lib", SANDBOX_READ},
    {"/lib", SANDBOX_READ},
    {"/run/postgresql", SANDBOX_READ},
    {"/run/systemd/resolve", SANDBOX_READ},
};
const struct sandbox_paths postgres_paths = {postgres_list, ARRAY_LEN(postgres_list)};

/* Who keeps root's user could read all of /etc, shadow and keys of other programs too. */
static const struct sandbox_path postgres_root_list[] = {
    {"/etc/gai.conf", SANDBOX_READ_FILE},
    {"/etc/host.conf", SANDBOX_READ_FILE},
    {"/etc/hosts", SANDBOX_READ_FILE},
    {"/etc/nsswitch.conf", SANDBOX_READ_FILE},
    {"/etc/passwd", SANDBOX_READ_FILE},
    {"/etc/resolv.conf", SANDBOX_READ_FILE},
    {"/etc/services", SANDBOX_READ_FILE},
    {"/etc/ssl/certs", SANDBOX_READ},
    {"/etc/ssl/openssl.cnf", SANDBOX_READ_FILE},
    {"/usr/lib", SANDBOX_READ},
    {"/usr/share/ca-certificates", SANDBOX_READ},
    {"/lib", SANDBOX_READ},
    {"/run/postgresql", SANDBOX_READ},
    {"/run/systemd/resolve", SANDBOX_READ},
};
const struct sandbox_paths postgres_paths_of_root = {
    postgres_root_list, ARRAY_LEN(postgres_root_list)};

static const struct sandbox_path front_paths[] = {
    {"blobs", SANDBOX_READ_FILE},
    {"tls", SANDBOX_READ_FILE},
};
static const struct role front = {
    .kind = ROLE_FRONT,
    .user = "geleit-front",
    .group = "geleit-blob",
    .run = front_run,
    .paths = front_paths,
    .path_count = ARRAY_LEN(front_paths),
    .may = SANDBOX_MAY_ACCEPT,
};

static const struct sandbox_path app_paths[] = {
    {"db", DATABASE},
    {"parts", SANDBOX_WRITE_FILE | SANDBOX_MAKE_REG | SANDBOX_REMOVE_FILE | SANDBOX_REFER},
    {"blobs", SANDBOX_MAKE_REG | SANDBOX_REFER | SANDBOX_READ_DIR},
    {"run", SANDBOX_READ_FILE},
    {"/usr/share/zoneinfo", SANDBOX_READ},
};
static const struct role app = {
    .kind = ROLE_APP,
    .user = "geleit-app",
    .group = "geleit-data",
    .run = app_run,
    .paths = app_paths,
    .path_count = ARRAY_LEN(app_paths),
    .may = SANDBOX_MAY_TRUNCATE,
    .has_database = true,
};

static const struct role keeper = {
    .kind = ROLE_KEEPER,
    .user = "geleit-keeper",
    .run = keeper_run,
};

static const struct sandbox_path worker_paths[] = {
    {"db", DATABASE},
    {"parts", DATABASE | SANDBOX_REFER},
    {"blobs", DATABASE | SANDBOX_REFER},
    {"/usr/share/zoneinfo", SANDBOX_READ},
};
static const struct role worker = {
    .kind = ROLE_WORKER,
    .user = "geleit-worker",
    .group = "geleit-blob",
    .run = worker_run,
    .paths = worker_paths,
    .path_count = ARRAY_LEN(worker_paths),
    .may = SANDBOX_MAY_TRUNCATE,
    .has_database = true,
};

static const struct role scan = {
    .kind = ROLE_SCAN,
    .user = "geleit-scan",
    .run = scan_run,
    .may = SANDBOX_MAY_UNIX,
};

const struct role *const role_table[ROLE_KIND_COUNT] = {
    [ROLE_FRONT] = &front,
    [ROLE_APP] = &app,
    [ROLE_KEEPER] = &keeper,
    [ROLE_WORKER] = &worker,
    [ROLE_SCAN] = &scan,
};
