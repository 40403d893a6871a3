/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * seal_file - standard input as a version in a store, the keys on standard output
 *
 *	seal_file MASTER-HEX EPOCH VERSION STORE-DIR PART-BYTES
 *
 * For tests/read_version_test.py: what it reads must have been made by the
 * server's own code.  Prints "check HEX", "epoch HEX", "version HEX" and for each part
 * "part BLOB-HEX PLAIN-BYTES".
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/random.h"
#include "base/str.h"
#include "crypto/sealed.h"
#include "crypto/vault.h"
#include "os/file.h"
#include "store/store.h"

static void
print_hex(const char *what, const void *p, size_t n)
{
	AUTO(arena_free) struct arena *a = arena_new();

	printf("%s %.*s\n", what, STR(str_hex(a, p, n)));
}

/* At most `bytes` of standard input as one blob; false at the end of input. */
static int
seal_part(
    struct store *s, const struct data_key *key, uint64_t bytes, bool *ret_more, struct error *e)
{
	AUTO(arena_free) struct arena *a = arena_new();
	AUTO(sealed_writer_free) struct sealed_writer *w = NULL;
	AUTO(fd_close) int fd = -1;
	struct id128 id = random_id128();
	uint8_t context[SEALED_CONTEXT_BYTES], in[5000];
	uint64_t done = 0;
	size_t n = 1;

	sealed_context(id, SEALED_ORIGINAL, context);
	if (store_part_create(s, id, &fd, e) < 0 || sealed_writer_new(fd, key, context, &w, e) < 0)
		return err_code(e);
	while (n > 0 && done < bytes) {
		n = fread(in, 1, (size_t)MIN(bytes - done, sizeof in), stdin);
		if (sealed_write(w, in, n, e) < 0)
			return err_code(e);
		done += n;
	}
	if (sealed_writer_end(w, &done, e) < 0 ||
	    store_part_publish(s, id, sealed_size(done), e) < 0)
		return err_code(e);
	printf("part %.*s %llu\n", STR(id128_hex(a, id)), (unsigned long long)done);
	*ret_more = n > 0;
	return 0;
}

static struct id128
version_aad(uint64_t version)
{
	struct id128 id = {{0}};

	for (int i = 0; i < 8; i++)
		id.b[8 + i] = (uint8_t)(version >> (56 - 8 * i));
	return id;
}

static int
seal_all(char **argv, struct error *e)
{
	AUTO(vault_free) struct vault *v = NULL;
	AUTO(store_close) struct store *s = NULL;
	uint8_t master[MASTER_KEY_BYTES], check[16];
	uint64_t month, version, part_bytes;
	struct vault_epoch epoch;
	struct key_wrap wrap;
	struct data_key key;
	bool more = true;

	if (!str_unhex(str_c(argv[1]), master, sizeof master) || !str_u64(str_c(argv[2]), &month) ||
	    !str_u64(str_c(argv[3]), &version) || !str_u64(str_c(argv[5]), &part_bytes))
		return err_set(e, ERR_INVALID, "an argument is wrong");
	random_bytes(key.b, sizeof key.b);
	epoch.epoch = (uint32_t)month;
	if (vault_new(master, &v, e) < 0 || vault_epoch_new(v, epoch.epoch, &epoch.wrap, e) < 0 ||
	    vault_wrap(v, &epoch, WRAP_VERSION, version_aad(version), &key, &wrap, e) < 0 ||
	    store_fs_init(argv[4], e) < 0 || store_fs_open(argv[4], &s, e) < 0)
		return err_code(e);
	vault_check_value(v, check);
	print_hex("check", check, sizeof check);
	print_hex("epoch", epoch.wrap.b, sizeof epoch.wrap.b);
	print_hex("version", wrap.b, sizeof wrap.b);
	while (more)
		if (seal_part(s, &key, part_bytes, &more, e) < 0)
			return err_code(e);
	return 0;
}

int
main(int argc, char **argv)
{
	struct error e;

	if (argc != 6)
		return 2;
	if (seal_all(argv, &e) < 0) {
		fprintf(stderr, "seal_file: %s\n", e.msg);
		return 1;
	}
	return 0;
}
