/*
 * DATA's transparency, with input cut wherever a network may cut it.  What is
 * read is the client's, so every string of the bytes that matter is tried.
 */
#include <stdarg.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lmtp.h"
#include "unstuff_ref.h"

#define ROOM		256
#define GUARD		0x5a

struct result {
	char		 text[ROOM];
	size_t		 len;
	size_t		 used;
	unsigned int	 fault;
	bool		 done;
};

/* One chunk in a buffer of its size and LMTP_DATA_ROOM, and a guard. */
static void
feed(struct lmtp_data *data, const char *in, size_t n, struct result *res)
{
	char	 buf[ROOM];
	size_t	 i, out = 999, used;

	memset(buf, GUARD, sizeof(buf));
	memcpy(buf, in, n);
	used = lmtp_unstuff(data, buf, n, &out);
	assert_true(used <= n && out <= n + LMTP_DATA_ROOM);
	assert_true(used == n || data->done);
	for (i = n + LMTP_DATA_ROOM; i < sizeof(buf); i++)
		assert_int_equal(buf[i], GUARD);
	/* the caller goes on with what lies behind the end, where it was */
	assert_memory_equal(buf + used, in + used, n - used);
	assert_true(res->len + out <= sizeof(res->text));
	memcpy(res->text + res->len, buf, out);
	res->len += out;
	res->used += used;
}

/* Cuts in before each byte whose bit is set in cuts. */
static struct result
run(const char *in, size_t n, uint64_t cuts)
{
	struct lmtp_data	 data = { 0 };
	struct result		 res = { .len = 0 };
	size_t			 i, from = 0;

	for (i = 1; i <= n && !data.done; i++) {
		if (i < n && (cuts & UINT64_C(1) << i) == 0)
			continue;
		feed(&data, in + from, i - from, &res);
		from = i;
	}
	res.fault = data.fault;
	res.done = data.done;
	return res;
}

static void
assert_as_ref(const char *in, size_t n, uint64_t cuts)
{
	char			 want[ROOM];
	struct unstuff_ref	 ref = unstuff_ref(in, n, want);
	struct result		 res = run(in, n, cuts);

	assert_int_equal(res.done, ref.done);
	assert_int_equal(res.used, ref.used);
	assert_int_equal(res.fault, ref.fault);
	assert_int_equal(res.len, ref.len);
	assert_memory_equal(res.text, want, ref.len);
}

/* Whole, cut once and twice anywhere, and byte by byte. */
static void
assert_cut_anywhere(const char *in, size_t n)
{
	size_t	 i, j;

	assert_true(n < 64);
	assert_as_ref(in, n, 0);
	assert_as_ref(in, n, UINT64_MAX);
	for (i = 1; i < n; i++) {
		for (j = i; j < n; j++)
			assert_as_ref(in, n,
			    UINT64_C(1) << i | UINT64_C(1) << j);
	}
}

struct row {
	const char	*in;
	const char	*out;
	unsigned int	 fault;
	bool		 done;
	size_t		 left;	/* bytes behind the end */
};

static const struct row rows[] = {
	{ "a\r\n.\r\n", "a\n", 0, true, 0 },
	{ ".\r\n", "", 0, true, 0 },
	{ ".\r\nQUIT\r\n", "", 0, true, 6 },
	{ "a\r\n\r\nb\r\n.\r\n.\r\n", "a\n\nb\n", 0, true, 3 },
	{ "..\r\n...\r\n..a\r\n.a\r\n.\r\n", ".\n..\n.a\na\n", 0, true, 0 },
	{ "a.\r\n.\r\n", "a.\n", 0, true, 0 },
	{ "a\r\n.\r\n\n\r", "a\n", 0, true, 2 },
	{ "a\n.\nb", "a\n.\nb", DATA_BARE_LF, false, 0 },
	{ "a\n.\r\nb", "a\n.\nb", DATA_BARE_LF, false, 0 },
	{ "a\r\n.\nb", "a\n\nb", DATA_BARE_LF, false, 0 },
	{ "a\r.\r\nb", "a\r.\nb", DATA_BARE_CR, false, 0 },
	{ "a\r\n.\rb", "a\n\rb", DATA_BARE_CR, false, 0 },
	{ "a\r.\rb", "a\r.\rb", DATA_BARE_CR, false, 0 },
	{ "a\r\n.\r\r\nb", "a\n\r\nb", DATA_BARE_CR, false, 0 },
	{ "a\r\r\n.\r\nb", "a\r\n", DATA_BARE_CR, true, 1 },
	{ "a\r\n\n.\r\nb", "a\n\n.\nb", DATA_BARE_LF, false, 0 },
	{ "a\n\r\n.\r\nb", "a\n\n", DATA_BARE_LF, true, 1 },
	{ "\n.\r\n", "\n.\n", DATA_BARE_LF, false, 0 },
	{ "\r.\r\n", "\r.\n", DATA_BARE_CR, false, 0 },
	{ "a\r\n.\r\n\n", "a\n", 0, true, 1 },
	{ "a\r\n. \r\n", "a\n \n", 0, false, 0 },
	{ "a\n\r.\r\n", "a\n\r.\n", DATA_BARE_LF | DATA_BARE_CR, false, 0 },
};

static void
unstuffs_as_written(void **state)
{
	const struct row	*row;
	struct result		 res;
	size_t			 i, n;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		row = &rows[i];
		n = strlen(row->in);
		res = run(row->in, n, 0);
		assert_int_equal(res.done, row->done);
		assert_int_equal(res.fault, row->fault);
		assert_int_equal(res.used, n - row->left);
		assert_int_equal(res.len, strlen(row->out));
		assert_memory_equal(res.text, row->out, res.len);
		assert_cut_anywhere(row->in, n);
	}
}

static void
nul_is_a_fault_before_the_end_alone(void **state)
{
	static const char	 before[] = "a\0b\r\n.\r\n";
	static const char	 behind[] = "ab\r\n.\r\n\0\0";
	struct result		 res;

	(void)state;
	res = run(before, sizeof(before) - 1, 0);
	assert_true(res.done);
	assert_int_equal(res.fault, DATA_NUL);
	assert_int_equal(res.len, 4);
	assert_memory_equal(res.text, "a\0b\n", 4);
	res = run(behind, sizeof(behind) - 1, 0);
	assert_true(res.done);
	assert_int_equal(res.fault, 0);
	assert_int_equal(res.used, 7);
	assert_cut_anywhere(before, sizeof(before) - 1);
	assert_cut_anywhere(behind, sizeof(behind) - 1);
}

/* Every string up to 7 bytes of those that matter, cut in every way. */
static void
agrees_with_the_rfc_on_every_short_string(void **state)
{
	static const char	 byte[] = { '\r', '\n', '.', 'a', '\0' };
	char			 in[7];
	uint64_t		 cuts;
	size_t			 i, n;
	long			 k, rest, count = 1;

	(void)state;
	for (n = 1; n <= sizeof(in); n++) {
		count *= (long)sizeof(byte);
		for (k = 0; k < count; k++) {
			for (rest = k, i = 0; i < n; i++) {
				in[i] = byte[rest % (long)sizeof(byte)];
				rest /= (long)sizeof(byte);
			}
			/* all ways to cut up to 5 bytes, then a few */
			for (cuts = 0; cuts < UINT64_C(1) << n; cuts += 2)
				if (n <= 5 || (cuts & (cuts - 1)) == 0)
					assert_as_ref(in, n, cuts);
			assert_as_ref(in, n, UINT64_MAX);
		}
	}
}

static void
nothing_is_taken_behind_the_end(void **state)
{
	struct lmtp_data	 data = { 0 };
	char			 buf[] = ".\r\n?";
	char			 more[] = "QUIT\r\n??";
	size_t			 out = 9;

	(void)state;
	assert_int_equal(lmtp_unstuff(&data, buf, 0, &out), 0);
	assert_int_equal(out, 0);
	assert_false(data.done);
	assert_int_equal(lmtp_unstuff(&data, buf, 3, &out), 3);
	assert_true(data.done);
	out = 9;
	assert_int_equal(lmtp_unstuff(&data, more, 6, &out), 0);
	assert_int_equal(out, 0);
	assert_string_equal(more, "QUIT\r\n??");
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(unstuffs_as_written),
		cmocka_unit_test(nul_is_a_fault_before_the_end_alone),
		cmocka_unit_test(agrees_with_the_rfc_on_every_short_string),
		cmocka_unit_test(nothing_is_taken_behind_the_end),
	};

	return cmocka_run_group_tests_name("unstuff", tests, NULL, NULL);
}
