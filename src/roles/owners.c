/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * owners - see owners.h.
 *
 * blobs/ and parts/ belong to geleit-app with group geleit-blob, writable by the
 * group, since worker merges and sweeps there; front is in that group to read and
 * is kept from writing by Landlock alone.
 */
#include "roles/owners.h"

#include <dirent.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "os/file.h"
#include "store/store.h"

#define BLOB_FOLDERS 256

struct owner {
	const char *name; /* below DIR */
	const char *user, *group;
	unsigned mode;
};

static const struct owner folders[] = {
    {"keys", "root", "root", 0700},
    {"db", "geleit-app", "geleit-data", 02770},
    {"tls", "root", "geleit-front", 0750},
    {"run", "root", "root", 0755},
};
static const struct owner certificate[] = {
    {"tls/cert.pem", "root", "geleit-front", 0644},
    {"tls/key.pem", "root", "geleit-front", 0640},
};
static const struct owner databases[] = {
    {"db/geleit.db", "geleit-app", "geleit-data", 0660},
    {"db/geleit.db-wal", "geleit-app", "geleit-data", 0660},
    {"db/geleit.db-shm", "geleit-app", "geleit-data", 0660},
    {"db/keys.db", "geleit-app", "geleit-data", 0660},
    {"db/keys.db-wal", "geleit-app", "geleit-data", 0660},
    {"db/keys.db-shm", "geleit-app", "geleit-data", 0660},
    {"db/lock", "geleit-app", "geleit-data", 0660},
    {"db/keys.lock", "geleit-app", "geleit-data", 0660},
};
/* Master's own. */
static const struct owner others[] = {
    {"geleit.conf", "root", "root", 0640},
    {"admin.key", "root", "root", 0600},
    {"keys/master.key", "root", "root", 0400},
};

static const char *
path_of(struct arena *a, const char *dir, const char *name)
{
	return arena_printf(a, "%s/%s", dir, name).p;
}

static int
own(struct arena *a, const char *dir, const struct owner *o, struct error *e)
{
	const char *path = path_of(a, dir, o->name);
	unsigned mode = o->mode;
	struct stat st;

	if (lstat(path, &st) < 0)
		return err_errno(e, "%s", path);
	if (S_ISLNK(st.st_mode))
		return 0; /* an administrator's, such as a certificate kept elsewhere */
	if (getuid() == 0) {
		const struct passwd *pw = getpwnam(o->user);
		const struct group *gr = getgrnam(o->group);

		if (pw == NULL || gr == NULL)
			return err_set(e, ERR_NOT_FOUND,
			    "user %s or group %s is missing: script/server makes them", o->user,
			    o->group);
		if (lchown(path, pw->pw_uid, gr->gr_gid) < 0)
			return err_errno(e, "%s", path);
	} else {
		mode &= 0700 | (mode & 04000);
	}
	/* after chown, which clears setgid */
	if (chmod(path, mode) < 0)
		return err_errno(e, "%s", path);
	return 0;
}

/* Those of the list that are there. */
static int
own_list(struct arena *a, const char *dir, const struct owner *list, size_t n, struct error *e)
{
	for (size_t i = 0; i < n; i++) {
		if (access(path_of(a, dir, list[i].name), F_OK) == 0 &&
		    own(a, dir, &list[i], e) < 0)
			return err_code(e);
	}
	return 0;
}

static int
own_blob_folder(struct arena *a, const char *dir, const char *name, struct error *e)
{
	struct owner o = {name, "geleit-app", "geleit-blob", 02770};

	return own(a, dir, &o, e);
}

int
owners_folders(struct arena *a, const char *dir, struct error *e)
{
	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		if (dir_make(path_of(a, dir, folders[i].name), 0700, e) < 0 ||
		    own(a, dir, &folders[i], e) < 0)
			return err_code(e);
	}
	if (store_fs_init(dir, e) < 0)
		return err_code(e);
	for (unsigned i = 0; i < BLOB_FOLDERS; i++) {
		if (own_blob_folder(a, dir, arena_printf(a, "blobs/%02x", i).p, e) < 0)
			return err_code(e);
	}
	if (own_blob_folder(a, dir, "blobs", e) < 0)
		return err_code(e);
	return own_blob_folder(a, dir, "parts", e);
}

int
owners_certificate(struct arena *a, const char *dir, struct error *e)
{
	return own_list(a, dir, certificate, ARRAY_LEN(certificate), e);
}

int
owners_databases(struct arena *a, const char *dir, struct error *e)
{
	return own_list(a, dir, databases, ARRAY_LEN(databases), e);
}

static void
close_dir(DIR **d)
{
	if (*d != NULL)
		closedir(*d);
	*d = NULL;
}

/* Every file of one of the 256 folders; an arena of its own, since there may be many. */
static int
own_blobs_of(const char *dir, unsigned number, struct error *e)
{
	AUTO(arena_free) struct arena *a = arena_new();
	const char *folder = arena_printf(a, "blobs/%02x", number).p;
	AUTO(close_dir) DIR *d = opendir(path_of(a, dir, folder));
	struct dirent *entry;

	if (d == NULL)
		return err_errno(e, "%s/%s", dir, folder);
	while ((entry = readdir(d)) != NULL) {
		struct owner o = {NULL, "geleit-app", "geleit-blob", 0640};

		if (entry->d_type != DT_REG)
			continue;
		o.name = arena_printf(a, "%s/%s", folder, entry->d_name).p;
		if (own(a, dir, &o, e) < 0)
			return err_code(e);
	}
	return 0;
}

int
owners_mend(struct arena *a, const char *dir, struct error *e)
{
	if (owners_folders(a, dir, e) < 0 || owners_certificate(a, dir, e) < 0 ||
	    owners_databases(a, dir, e) < 0 || own_list(a, dir, others, ARRAY_LEN(others), e) < 0)
		return err_code(e);
	for (unsigned i = 0; i < BLOB_FOLDERS; i++) {
		if (own_blobs_of(dir, i, e) < 0)
			return err_code(e);
	}
	return 0;
}
