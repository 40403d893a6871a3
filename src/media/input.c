/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * input - the parts of a version, opened as they are read, as one file
 */
#include "base/error.h"
#include "media/media.h"

static int
open_part(struct input *in, const struct msg_sealed_part *part, const struct data_key *key,
    struct error *e)
{
	uint8_t context[SEALED_CONTEXT_BYTES];
	size_t i = in->part_count;

	sealed_context(part->blob, SEALED_ORIGINAL, context);
	if (sealed_reader_new(JOB_PARTS + (int)i, key, context, &in->readers[i], e) < 0)
		return err_code(e);
	if (sealed_reader_bytes(in->readers[i]) != part->bytes)
		return err_set(e, ERR_CORRUPT, "a part of another length");
	in->starts[i] = in->bytes;
	in->bytes += part->bytes;
	in->starts[++in->part_count] = in->bytes;
	return 0;
}

int
input_open(struct input *in, const struct msg_render *m, struct error *e)
{
	AUTO(data_key_wipe) struct data_key key = {0};

	memcpy(key.b, m->key, sizeof key.b);
	for (size_t i = 0; i < m->part_count; i++) {
		if (open_part(in, &m->parts[i], &key, e) < 0)
			return err_code(e);
	}
	return 0;
}

static size_t
part_at(const struct input *in, uint64_t offset)
{
	size_t i = 0;

	while (i + 1 < in->part_count && offset >= in->starts[i + 1])
		i++;
	return i;
}

long
input_read(struct input *in, uint64_t offset, void *p, size_t n)
{
	uint8_t *out = p;
	size_t done = 0;

	while (done < n && offset < in->bytes) {
		size_t i = part_at(in, offset), got = 0;
		size_t want = MIN((uint64_t)(n - done), in->starts[i + 1] - offset);
		struct error e;

		if (sealed_read(
		        in->readers[i], offset - in->starts[i], out + done, want, &got, &e) < 0 ||
		    got == 0) {
			in->corrupt = true;
			return -1;
		}
		done += got;
		offset += got;
	}
	return (long)done;
}
