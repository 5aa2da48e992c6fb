/*
 * Fuzz target of unstuff.c.  Input: a byte from which the sizes of the chunks
 * come, and the data.  Held against RFC 5321 read byte by byte.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lmtp.h"
#include "../unit/unstuff_ref.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
must(bool holds)
{
	if (!holds)
		abort();
}

/* One chunk in a buffer of just its size; its output goes behind text. */
static size_t
feed(struct lmtp_data *data, const char *in, size_t n, char *text, size_t *len)
{
	char	*buf = malloc(n + LMTP_DATA_ROOM);
	size_t	 out, used;

	must(buf != NULL);
	memcpy(buf, in, n);
	used = lmtp_unstuff(data, buf, n, &out);
	must(used <= n && out <= n + LMTP_DATA_ROOM);
	must(used == n || data->done);
	memcpy(text + *len, buf, out);
	*len += out;
	free(buf);
	return used;
}

int
LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	const char		*in = (const char *)input + 1;
	struct lmtp_data	 data = { 0 };
	struct unstuff_ref	 ref;
	char			*text, *want;
	size_t			 at = 0, len = 0, n, step;

	if (size == 0)
		return 0;
	size--;
	text = malloc(size + 1);
	want = malloc(size + 1);
	must(text != NULL && want != NULL);
	step = input[0] % 16;
	while (at < size && !data.done) {
		n = step == 0 || step > size - at ? size - at : step;
		at += feed(&data, in + at, n, text, &len);
		if (input[0] & 0x80)
			step = 1 + (step + 5) % 7;
	}
	ref = unstuff_ref(in, size, want);
	must(ref.done == data.done && ref.used == at);
	must(ref.fault == data.fault && ref.len == len);
	must(memcmp(text, want, len) == 0);
	free(text);
	free(want);
	return 0;
}
