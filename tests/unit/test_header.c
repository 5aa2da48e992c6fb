/*
 * Tests of header.c.  Each message is fed at once, byte by byte and cut in
 * two at every place, and must be read alike each time.
 */
#include <malloc.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <setjmp.h>
#include <cmocka.h>

#include "header.h"

#define NELEM(a)	(sizeof(a) / sizeof((a)[0]))

/* What is to be read; text shows it as header_text() does. */
struct message {
	const char	*what;
	const char	*input;
	const char	*text;
	const char	*fields;	/* each as <name=value> */
	const char	*body;
};

static const struct message	 messages[] = {
	{ "plain", "From: a@b\nTo: c\n\nhello\n", "From: a@b\nTo: c\n",
	    "<From=a@b><To=c>", "hello\n" },
	{ "no body", "From: a@b\n\n", "From: a@b\n", "<From=a@b>", "" },
	{ "no blank line, ends with a field", "From: a\nTo: b\n",
	    "From: a\nTo: b\n", "<From=a><To=b>", "" },
	{ "no blank line nor line end", "From: a\nTo: b",
	    "From: a\nTo: b\n", "<From=a><To=b>", "" },
	{ "ends in a name", "From: a\nTo", "From: a\n", "<From=a>", "To" },
	{ "ends behind a name", "From: a\nTo ", "From: a\n", "<From=a>",
	    "To " },
	{ "ends at a colon", "From:", "From:\n", "<From=>", "" },
	{ "body at once", "From: a\nhello world\nTo: b\n", "From: a\n",
	    "<From=a>", "hello world\nTo: b\n" },
	{ "no header, a blank line", "\nFrom: a\n", "", "", "From: a\n" },
	{ "two blank lines", "\n\n", "", "", "\n" },
	{ "no header at all", "hello\n", "", "", "hello\n" },
	{ "no header, a colon too late", "hello world: x\n", "", "",
	    "hello world: x\n" },
	{ "empty", "", "", "", "" },
	{ "empty name", ": a\n\nx", "", "", ": a\n\nx" },
	{ "blank name", "A: b\n : a\n\nx", "A: b : a\n", "<A=b : a>", "x" },
	{ "8-bit name", "A: b\nX-\xe4: a\n\nx", "A: b\n", "<A=b>",
	    "X-\xe4: a\n\nx" },
	{ "control in a name", "A: b\nX\x01: a\n", "A: b\n", "<A=b>",
	    "X\x01: a\n" },
	{ "DEL in a name", "X\x7f: a\n", "", "", "X\x7f: a\n" },
	{ "odd but right name", "!#$%&'~;<>@[]: v\n\n",
	    "!#$%&'~;<>@[]: v\n", "<!#$%&'~;<>@[]=v>", "" },
	{ "8-bit value", "A: \xe4\xff\n\n", "A: \xe4\xff\n",
	    "<A=\xe4\xff>", "" },
	{ "colons in a value", "A:b:c::\n\n", "A:b:c::\n", "<A=b:c::>", "" },
	{ "empty value", "A:\nB: \nC:\t \n\n", "A:\nB: \nC:\t \n",
	    "<A=><B=><C=>", "" },
	{ "outer blanks", "A: \t b c \t\n\n", "A: \t b c \t\n", "<A=b c>",
	    "" },
	{ "a carriage return is no blank", "A: b\r\n\n", "A: b\r\n",
	    "<A=b\r>", "" },
	{ "a line of a carriage return", "A: b\n\r\nc", "A: b\n", "<A=b>",
	    "\r\nc" },

	{ "folded", "A: b\n c\n\td\nE: f\n\n", "A: b c\td\nE: f\n",
	    "<A=b c\td><E=f>", "" },
	{ "folded by more blanks", "A: b\n \t c\n\n", "A: b \t c\n",
	    "<A=b \t c>", "" },
	{ "folded before the value", "A:\n b\n\n", "A: b\n", "<A=b>", "" },
	{ "folded by a blank line of blanks", "A: b\n \n\t\n c\n\nx",
	    "A: b \t c\n", "<A=b \t c>", "x" },
	{ "ends in a fold", "A: b\n c", "A: b c\n", "<A=b c>", "" },
	{ "ends in an empty fold", "A: b\n ", "A: b \n", "<A=b>", "" },
	{ "a field in a fold", "A: b\n To: c\n\n", "A: b To: c\n",
	    "<A=b To: c>", "" },
	{ "continuation first", " a\nB: c\n\n", "B: c\n", "<B=c>", "" },
	{ "continuations first", " a\n\tb\nB: c\n\nx", "B: c\n", "<B=c>",
	    "x" },
	{ "blank name first", " : a\n\n", "", "", "" },
	{ "blank first line of blanks", " \nB: c\n\n", "B: c\n", "<B=c>",
	    "" },

	{ "obsolete blanks before the colon", "Subject \t : a\n\n",
	    "Subject \t : a\n", "<Subject=a>", "" },
	{ "a fold before the colon", "A: b\nSubject\n : a\n\n", "A: b\n",
	    "<A=b>", "Subject\n : a\n\n" },

	{ "mbox", "From a@b Mon Jan  1 00:00:00 2024\nA: b\n\nx", "A: b\n",
	    "<A=b>", "x" },
	{ "mbox without address", "From \nA: b\n\nx", "A: b\n", "<A=b>",
	    "x" },
	{ "mbox and a blank line", "From a\n\nA: b\n", "", "", "A: b\n" },
	{ "mbox alone", "From a@b", "", "", "" },
	{ "mbox cut short", "From ", "", "", "" },
	{ "mbox of less", "From", "", "", "From" },
	{ "a tab is no mbox", "From\ta b\nA: b\n", "", "",
	    "From\ta b\nA: b\n" },
	{ "case of mbox", "from a\nA: b\n", "", "", "from a\nA: b\n" },
	{ "obsolete From", "From : a\nA: b\n\n", "From : a\nA: b\n",
	    "<From=a><A=b>", "" },
	{ "two mbox lines", "From a\nFrom b\nA: b\n", "", "",
	    "From b\nA: b\n" },
	{ "mbox line behind a field", "A: b\nFrom a\nC: d\n", "A: b\n",
	    "<A=b>", "From a\nC: d\n" },
	{ "continuation behind mbox", "From a\n b\nC: d\n", "C: d\n",
	    "<C=d>", "" },
	{ "mbox and no field", "From a\nno field\nA: b\n", "", "",
	    "no field\nA: b\n" },
	{ "quoted mbox", ">From a\nA: b\n", "", "", ">From a\nA: b\n" },

	/* encoded words are left to others, folded or not */
	{ "encoded words", "A: =?utf-8?q?=3A=0AB=3A_c?=\n =?utf-8?b?Cg==?=\n\n",
	    "A: =?utf-8?q?=3A=0AB=3A_c?= =?utf-8?b?Cg==?=\n",
	    "<A==?utf-8?q?=3A=0AB=3A_c?= =?utf-8?b?Cg==?=>", "" },
	{ "an encoded word for a name", "=?utf-8?q?a?=: b\n\n",
	    "=?utf-8?q?a?=: b\n", "<=?utf-8?q?a?==b>", "" },
	{ "an encoded word cut by a fold", "A: =?utf-8?q?a\n b?=\n\n",
	    "A: =?utf-8?q?a b?=\n", "<A==?utf-8?q?a b?=>", "" },

	/* the body's fields, and those of parts and attached messages */
	{ "a part's header", "A: b\n\n--x\nC: d\n\ntext\n", "A: b\n",
	    "<A=b>", "--x\nC: d\n\ntext\n" },
	{ "a continuation as the body", "A: b\n\n c\nD: e\n", "A: b\n",
	    "<A=b>", " c\nD: e\n" },
	{ "an mbox line as the body", "A: b\n\nFrom c\nD: e\n", "A: b\n",
	    "<A=b>", "From c\nD: e\n" },
};

/* All that a header has to tell, as one string. */
static char *
tell(const struct header *h, int answer)
{
	const struct header_field	*f;
	const char			*text;
	char				*out = NULL;
	size_t				 len, size;
	FILE				*mem = open_memstream(&out, &size);

	assert_non_null(mem);
	fprintf(mem, "%d ", answer);
	if (answer == 0) {
		text = header_text(h, &len);
		assert_non_null(text);
		fprintf(mem, "%zu %zu ", header_body_offset(h),
		    header_count(h));
		fwrite(text, 1, len, mem);
		for (size_t i = 0; (f = header_at(h, i)) != NULL; i++) {
			fputc('<', mem);
			fwrite(f->name, 1, f->name_len, mem);
			fputc('=', mem);
			fwrite(f->value, 1, f->value_len, mem);
			fputc('>', mem);
		}
	}
	assert_int_equal(fclose(mem), 0);
	return out;
}

/* Feed from a block of its own size, so that reading past it is seen. */
static int
feed_copy(struct header *h, const char *s, size_t n)
{
	char	*copy = malloc(n > 0 ? n : 1);
	int	 rv;

	assert_non_null(copy);
	memcpy(copy, s, n);
	rv = header_feed(h, copy, n);
	free(copy);
	return rv;
}

/* Feed in parts, the first of that size, the others of step bytes. */
static char *
read_parts(const char *s, size_t n, size_t first, size_t step, size_t bytes,
    size_t fields)
{
	struct header	*h = header_new(bytes, fields);
	size_t		 part = first;
	int		 rv = 1;
	char		*out;

	assert_non_null(h);
	for (size_t at = 0; at < n && rv == 1; at += part, part = step) {
		if (part > n - at)
			part = n - at;
		rv = feed_copy(h, s + at, part);
	}
	if (rv == 1)
		rv = header_end(h);
	assert_int_not_equal(rv, 1);
	assert_int_equal(header_feed(h, "X: y\n", 5), rv);
	assert_int_equal(header_end(h), rv);
	out = tell(h, rv);
	header_free(h);
	return out;
}

static char *
read_all_ways(const char *s, size_t n, size_t bytes, size_t fields)
{
	char	*at_once = read_parts(s, n, n, 1, bytes, fields), *other;

	other = read_parts(s, n, 1, 1, bytes, fields);
	assert_string_equal(other, at_once);
	free(other);
	for (size_t cut = 0; cut < n; cut++) {
		other = read_parts(s, n, cut, n - cut, bytes, fields);
		assert_string_equal(other, at_once);
		free(other);
	}
	return at_once;
}

static unsigned int
count_char(const char *s, char c)
{
	unsigned int	 n = 0;

	for (; *s != '\0'; s++)
		n += *s == c;
	return n;
}

static void
check_message(const struct message *m)
{
	size_t	 n = strlen(m->input);
	char	*got, *want;

	got = read_all_ways(m->input, n, HEADER_BYTES_MAX, HEADER_FIELDS_MAX);
	assert_int_not_equal(asprintf(&want, "0 %zu %u %s%s",
	    n - strlen(m->body), count_char(m->text, '\n'), m->text,
	    m->fields), -1);
	if (strcmp(got, want) != 0)
		fail_msg("%s: \"%s\", not \"%s\"", m->what, got, want);
	free(got);
	free(want);
}

static void
test_messages(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(messages); i++)
		check_message(&messages[i]);
}

static void
test_nul(void **state)
{
	static const char		 input[] = "A: b\0c\n\n";
	const struct header_field	*f;
	struct header			*h;
	size_t				 len;

	(void)state;
	h = header_new(HEADER_BYTES_MAX, HEADER_FIELDS_MAX);
	assert_non_null(h);
	assert_int_equal(header_feed(h, input, sizeof(input) - 1), 0);
	assert_non_null(f = header_at(h, 0));
	assert_int_equal(f->value_len, 3);
	assert_memory_equal(f->value, "b\0c", 3);
	assert_memory_equal(header_text(h, &len), input, 7);
	assert_int_equal(len, 7);
	header_free(h);

	h = header_new(HEADER_BYTES_MAX, HEADER_FIELDS_MAX);
	assert_non_null(h);
	assert_int_equal(header_feed(h, "A\0: b\n", 6), 0);
	assert_int_equal(header_count(h), 0);
	assert_int_equal(header_body_offset(h), 0);
	header_free(h);
}

static void
test_find(void **state)
{
	static const char	 input[] =
	    "Received: 1\nTo: x\nRECEIVED : 2\nReceived-SPF: n\n"
	    "receive: n\nreceived:3\n\n";
	struct header		*h;
	size_t			 i = 0;

	(void)state;
	h = header_new(HEADER_BYTES_MAX, HEADER_FIELDS_MAX);
	assert_non_null(h);
	assert_int_equal(header_feed(h, input, sizeof(input) - 1), 0);
	assert_ptr_equal(header_next(h, "Received", &i), header_at(h, 0));
	assert_int_equal(i, 1);
	assert_ptr_equal(header_next(h, "Received", &i), header_at(h, 2));
	assert_int_equal(i, 3);
	assert_ptr_equal(header_next(h, "Received", &i), header_at(h, 5));
	assert_int_equal(i, 6);
	assert_null(header_next(h, "Received", &i));
	i = 0;
	assert_null(header_next(h, "Cc", &i));
	i = 0;
	assert_null(header_next(h, "", &i));
	assert_null(header_at(h, 6));
	header_free(h);
}

/* The block ends where it is seen to end, not a byte later. */
static void
test_ends_at_once(void **state)
{
	struct header	*h = header_new(HEADER_BYTES_MAX, HEADER_FIELDS_MAX);

	(void)state;
	assert_non_null(h);
	assert_int_equal(header_feed(h, "", 0), 1);
	assert_int_equal(header_feed(h, "A: b\n", 5), 1);
	assert_int_equal(header_feed(h, "\n", 1), 0);
	assert_int_equal(header_body_offset(h), 6);
	header_free(h);
}

static void
test_free_null(void **state)
{
	(void)state;
	header_free(NULL);
}

/* Whether a message within those bounds is read, by any way of feeding. */
static int
try_bounds(const char *s, size_t bytes, size_t fields)
{
	char	*got = read_all_ways(s, strlen(s), bytes, fields);
	int	 rv = atoi(got);

	free(got);
	return rv;
}

/* The line that ends the block is not counted. */
static void
test_small_bounds(void **state)
{
	(void)state;
	assert_int_equal(try_bounds("A: b\n\nx", 5, 1), 0);
	assert_int_equal(try_bounds("A: b\n\nx", 4, 1), -1);
	assert_int_equal(try_bounds("A: b\n\nx", 5, 0), -1);
	assert_int_equal(try_bounds("A: b", 4, 1), 0);
	assert_int_equal(try_bounds("A: b", 3, 1), -1);
	assert_int_equal(try_bounds("A: b\n c\n\nx", 8, 1), 0);
	assert_int_equal(try_bounds("A: b\n c\n\nx", 7, 1), -1);
	assert_int_equal(try_bounds("A: b\nC: d\n\nx", 10, 2), 0);
	assert_int_equal(try_bounds("A: b\nC: d\n\nx", 10, 1), -1);
	assert_int_equal(try_bounds("A: b\nbody, not a field", 5, 1), 0);
	assert_int_equal(try_bounds("A: b\nC", 5, 1), 0);
	assert_int_equal(try_bounds("A: b\nC:", 6, 2), -1);
	assert_int_equal(try_bounds("A: b\nC:", 7, 2), 0);
	assert_int_equal(try_bounds("From x\nA: b\n\n", 12, 1), 0);
	assert_int_equal(try_bounds("From x\nA: b\n\n", 11, 1), -1);
	assert_int_equal(try_bounds("From x\n\n", 6, 0), -1);
	assert_int_equal(try_bounds("\nx", 0, 0), 0);
	assert_int_equal(try_bounds("A: b\n", 0, 0), -1);
	assert_int_equal(try_bounds("a body", 0, 0), 0);
}

/* Fed at once and byte by byte; 0 or -1. */
static int
try_large(const char *s, size_t n)
{
	char	*at_once, *bytewise;
	int	 rv;

	at_once = read_parts(s, n, n, 1, HEADER_BYTES_MAX, HEADER_FIELDS_MAX);
	bytewise = read_parts(s, n, 1, 1, HEADER_BYTES_MAX, HEADER_FIELDS_MAX);
	assert_string_equal(bytewise, at_once);
	rv = atoi(at_once);
	free(at_once);
	free(bytewise);
	return rv;
}

static void
test_bytes_max(void **state)
{
	char	*s = malloc(HEADER_BYTES_MAX + 8);

	(void)state;
	assert_non_null(s);
	memset(s, 'v', HEADER_BYTES_MAX + 8);
	memcpy(s, "A: ", 3);
	s[HEADER_BYTES_MAX - 1] = '\n';
	memcpy(s + HEADER_BYTES_MAX, "\nbody\n", 6);
	assert_int_equal(try_large(s, HEADER_BYTES_MAX + 6), 0);
	assert_int_equal(try_large(s, HEADER_BYTES_MAX), 0);

	s[HEADER_BYTES_MAX - 1] = 'v';
	assert_int_equal(try_large(s, HEADER_BYTES_MAX), 0);
	assert_int_equal(try_large(s, HEADER_BYTES_MAX + 1), -1);
	free(s);
}

/* A line that never becomes a field is the body, however long. */
static void
test_endless_line(void **state)
{
	size_t	 n = 2 * HEADER_BYTES_MAX;
	char	*s = malloc(n);

	(void)state;
	assert_non_null(s);
	memset(s, 'x', n);
	assert_int_equal(try_large(s, n), 0);
	s[n - 1] = ':';
	assert_int_equal(try_large(s, n), -1);
	memcpy(s, "From ", 5);
	assert_int_equal(try_large(s, n), -1);
	free(s);
}

static void
test_fields_max(void **state)
{
	const size_t	 line = 5;
	char		*s = malloc(line * (HEADER_FIELDS_MAX + 1) + 1);

	(void)state;
	assert_non_null(s);
	for (size_t i = 0; i <= HEADER_FIELDS_MAX; i++)
		memcpy(s + i * line, "A: b\n", line);
	assert_int_equal(try_large(s, line * HEADER_FIELDS_MAX), 0);
	assert_int_equal(try_large(s, line * HEADER_FIELDS_MAX + 1), 0);
	assert_int_equal(try_large(s, line * HEADER_FIELDS_MAX + 2), -1);
	assert_int_equal(try_large(s, line * (HEADER_FIELDS_MAX + 1)), -1);
	s[line * HEADER_FIELDS_MAX] = '\n';
	assert_int_equal(try_large(s, line * (HEADER_FIELDS_MAX + 1)), 0);
	free(s);
}

/* Lines of 64 KiB: an unfolded value, and a fold as long. */
static void
test_long_lines(void **state)
{
	const size_t			 len = 64 * 1024;
	const struct header_field	*f;
	struct header			*h;
	char				*line = malloc(len);

	(void)state;
	assert_non_null(line);
	memset(line, 'v', len);
	line[len - 1] = '\n';
	h = header_new(HEADER_BYTES_MAX, HEADER_FIELDS_MAX);
	assert_non_null(h);
	assert_int_equal(header_feed(h, "A: ", 3), 1);
	assert_int_equal(header_feed(h, line, len), 1);
	assert_int_equal(header_feed(h, " ", 1), 1);
	assert_int_equal(header_feed(h, line, len), 1);
	assert_int_equal(header_feed(h, "B: c\n\n", 6), 0);
	assert_int_equal(header_count(h), 2);
	assert_non_null(f = header_at(h, 0));
	assert_int_equal(f->value_len, 2 * len - 1);
	assert_memory_equal(f->value, line, len - 1);
	assert_int_equal(f->value[len - 1], ' ');
	assert_memory_equal(f->value + len, line, len - 1);
	assert_int_equal(header_body_offset(h), 2 * len + 10);
	header_free(h);
	free(line);
}

/* One field of 64 KiB made of as many folds as it has room for. */
static void
test_many_folds(void **state)
{
	const size_t			 folds = 32 * 1024;
	const struct header_field	*f;
	struct header			*h;
	size_t				 len;

	(void)state;
	h = header_new(HEADER_BYTES_MAX, HEADER_FIELDS_MAX);
	assert_non_null(h);
	assert_int_equal(header_feed(h, "A: b", 4), 1);
	for (size_t i = 0; i < folds; i++)
		assert_int_equal(header_feed(h, i % 2 ? "\n x" : "\n\t", 2 +
		    i % 2), 1);
	assert_int_equal(header_feed(h, "\nC: d\n\n", 7), 0);
	assert_int_equal(header_count(h), 2);
	assert_non_null(f = header_at(h, 0));
	assert_int_equal(f->value_len, 1 + folds + folds / 2);
	assert_memory_equal(f->value, "b\t x\t x", 7);
	assert_non_null(header_text(h, &len));
	assert_int_equal(len, 3 + f->value_len + 1 + 5);
	header_free(h);
}

/* Feed n bytes and end, without more memory than the process has. */
static int
read_without_memory(const char *s, size_t n)
{
	struct header	*h = header_new(HEADER_BYTES_MAX, HEADER_FIELDS_MAX);
	struct rlimit	 was, none;
	int		 rv, again;

	assert_non_null(h);
	assert_int_equal(getrlimit(RLIMIT_AS, &was), 0);
	none = was;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_AS, &none), 0);
	rv = header_feed(h, s, n);
	if (rv == 1)
		rv = header_end(h);
	again = header_end(h);
	assert_int_equal(setrlimit(RLIMIT_AS, &was), 0);
	assert_int_equal(again, rv);
	header_free(h);
	return rv;
}

static void
test_no_memory(void **state)
{
	char	*s;

	(void)state;
	if (mallopt(M_MMAP_THRESHOLD, HEADER_BYTES_MAX / 4) == 0)
		skip();		/* a sanitizer's, which takes no limit */
	s = malloc(HEADER_BYTES_MAX);
	assert_non_null(s);
	memset(s, 'v', HEADER_BYTES_MAX);
	memcpy(s, "A: ", 3);
	assert_int_equal(read_without_memory(s, HEADER_BYTES_MAX), -2);
	assert_int_equal(try_large(s, HEADER_BYTES_MAX), 0);
	free(s);
}

/* Random messages of few kinds of bytes, under bounds they often pass. */
static void
test_random(void **state)
{
	static const char	 alphabet[] = "AB: \t\n\n:From x";
	char			 s[40];
	uint32_t		 rng = 12345;
	unsigned int		 answers[2] = { 0, 0 };
	size_t			 n;
	int			 rv;

	(void)state;
	for (unsigned int i = 0; i < 5000; i++) {
		n = i % (sizeof(s) - 1);
		for (size_t j = 0; j < n; j++) {
			rng = rng * 1664525 + 1013904223;
			s[j] = alphabet[(rng >> 16) % (sizeof(alphabet) - 1)];
		}
		s[n] = '\0';
		rv = try_bounds(s, (rng >> 8) % 20, i % 4);
		assert_true(rv == 0 || rv == -1);
		answers[-rv]++;
	}
	assert_true(answers[0] > 500);
	assert_true(answers[1] > 500);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_nul),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_ends_at_once),
		cmocka_unit_test(test_free_null),
		cmocka_unit_test(test_small_bounds),
		cmocka_unit_test(test_bytes_max),
		cmocka_unit_test(test_endless_line),
		cmocka_unit_test(test_fields_max),
		cmocka_unit_test(test_long_lines),
		cmocka_unit_test(test_many_folds),
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
