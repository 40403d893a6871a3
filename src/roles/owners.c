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
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
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

/*
 * Through the descriptor, since what a name means may change between two looks, in a
 * folder of a role's.  It is one of O_PATH: closing any other of a database would end
 * the locks that SQLite holds on it; and so its mode is set by its name in /proc.
 */
static int
own_open(int fd, const struct owner *o, struct error *e)
{
	char path[32];
	unsigned mode = o->mode;

	if (getuid() == 0) {
		const struct passwd *pw = getpwnam(o->user);
		const struct group *gr = getgrnam(o->group);

		if (pw == NULL || gr == NULL)
			return err_set(e, ERR_NOT_FOUND,
			    "user %s or group %s is missing: script/server makes them", o->user,
			    o->group);
		if (fchownat(fd, "", pw->pw_uid, gr->gr_gid, AT_EMPTY_PATH) < 0)
			return err_errno(e, "%s", o->name);
	} else {
		mode &= 0700 | (mode & 04000);
	}
	/* after chown, which clears setgid */
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	return chmod(path, mode) < 0 ? err_errno(e, "%s", o->name) : 0;
}

/* o->name in folder `at`; neither through a link nor of one. */
static int
own_at(int at, const struct owner *o, struct error *e)
{
	AUTO(fd_close) int fd = openat(at, o->name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_errno(e, "%s", o->name);
	/* a link is an administrator's, such as a certificate kept elsewhere */
	return S_ISLNK(st.st_mode) ? 0 : own_open(fd, o, e);
}

/* Of DIR and of db, tls and keys in it, whose owners made them; what is not there is nobody's. */
static int
own(struct arena *a, const char *dir, const struct owner *o, struct error *e)
{
	struct owner last = *o;
	const char *slash = strrchr(o->name, '/');
	const char *folder =
	    slash == NULL ? dir
	                  : arena_printf(a, "%s/%.*s", dir, (int)(slash - o->name), o->name).p;
	AUTO(fd_close) int at = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (at < 0)
		return err_errno(e, "%s", folder);
	if (slash != NULL)
		last.name = slash + 1;
	return own_at(at, &last, e);
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
own_blob_folder(int at, const char *name, struct error *e)
{
	const struct owner o = {name, "geleit-app", "geleit-blob", 02770};

	return own_at(at, &o, e);
}

static int
open_blobs(struct arena *a, const char *dir, int *ret, struct error *e)
{
	*ret = open(path_of(a, dir, "blobs"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *ret < 0 ? err_errno(e, "%s/blobs", dir) : 0;
}

static int
own_blob_folders(struct arena *a, const char *dir, struct error *e)
{
	AUTO(fd_close) int top = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO(fd_close) int blobs = -1;

	if (top < 0)
		return err_errno(e, "%s", dir);
	if (open_blobs(a, dir, &blobs, e) < 0)
		return err_code(e);
	for (unsigned i = 0; i < BLOB_FOLDERS; i++) {
		if (own_blob_folder(blobs, arena_printf(a, "%02x", i).p, e) < 0)
			return err_code(e);
	}
	if (own_blob_folder(top, "blobs", e) < 0)
		return err_code(e);
	return own_blob_folder(top, "parts", e);
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
	return own_blob_folders(a, dir, e);
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

/* Every file of one of the 256 folders. */
static int
own_blobs_of(int blobs, const char *folder, struct error *e)
{
	AUTO(close_dir) DIR *d = NULL;
	int fd = openat(blobs, folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct dirent *entry;

	if (fd < 0 || (d = fdopendir(fd)) == NULL) {
		err_put_errno(e, "blobs/%s", folder);
		fd_close(&fd);
		return err_code(e);
	}
	while ((entry = readdir(d)) != NULL) {
		const struct owner o = {entry->d_name, "geleit-app", "geleit-blob", 0640};

		if (entry->d_type == DT_REG && own_at(dirfd(d), &o, e) < 0)
			return err_code(e);
	}
	return 0;
}

int
owners_mend(struct arena *a, const char *dir, struct error *e)
{
	AUTO(fd_close) int blobs = -1;

	if (owners_folders(a, dir, e) < 0 || owners_certificate(a, dir, e) < 0 ||
	    owners_databases(a, dir, e) < 0 || own_list(a, dir, others, ARRAY_LEN(others), e) < 0)
		return err_code(e);
	if (open_blobs(a, dir, &blobs, e) < 0)
		return err_code(e);
	for (unsigned i = 0; i < BLOB_FOLDERS; i++) {
		if (own_blobs_of(blobs, arena_printf(a, "%02x", i).p, e) < 0)
			return err_code(e);
	}
	return 0;
}
