/*
 * match - what matching patterns costs: 1,000 of them against 64 KiB of
 * header, as it is and as bad as we could make it, and loading them.  Only
 * prints: a busy machine is no error.
 *
 *	match [--json]
 */
#include <err.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "like.h"

#define PATTERNS	1000
#define TEXT		65536
#define BAR_TYPICAL	10	/* milliseconds */
#define BAR_HOSTILE	75
#define ROUNDS		9
#define TRIALS		3	/* rounds to find the worst families in */
#define WORST		3
#define NELEM(a)	(sizeof(a) / sizeof((a)[0]))

struct buf {
	char		 s[TEXT + 4096];
	size_t		 n;
};

struct set {
	struct like	*likes[PATTERNS];
};

struct figure {
	double		 median, low, high;	/* milliseconds of CPU */
};

struct result {
	struct figure		 binary, text, hostile, load;
	const struct family	*worst;
	size_t			 bytes;	/* of 1,000 patterns */
};

static uint64_t		 random_state = 88172645463325252ULL;

static unsigned int
rnd(unsigned int below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (random_state >> 20) % below;
}

static void __attribute__((format(printf, 2, 3)))
add(struct buf *b, const char *fmt, ...)
{
	va_list	 ap;

	va_start(ap, fmt);
	b->n += vsnprintf(b->s + b->n, sizeof(b->s) - b->n, fmt, ap);
	va_end(ap);
	if (b->n >= sizeof(b->s))
		errx(1, "text too long");
}

static void
add_times(struct buf *b, const char *s, size_t times)
{
	while (times-- > 0)
		add(b, "%s", s);
}

static void
add_base64(struct buf *b, size_t n)
{
	static const char	 digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789+/";

	while (n-- > 0)
		add(b, "%c", digits[rnd(64)]);
}

static const char	*words[] = { "alert", "server", "backup", "monitor",
    "customer", "example", "report", "weekly", "disk", "status", "invoice",
    "delivery", "Zurich", "Geneva", "network", "switch", "printer", "order",
    "urgent", "sensor", "temperature", "building", "gateway", "mail" };

static const char *
word(void)
{
	return words[rnd(NELEM(words))];
}

static void
add_received(struct buf *b)
{
	add(b, "Received: from %s%u.%s.example.com (%s.example.com "
	    "[%u.%u.%u.%u]) by mx%u.%s.example.net (Postfix) with ESMTPS id "
	    "4R%08XzAqK for <+4179%07u@sms.example.net>; "
	    "%s, %2u Nov 2023 %02u:%02u:%02u +0100 (CET)\r\n", word(), rnd(9),
	    word(), word(), rnd(224), rnd(256), rnd(256), rnd(256), rnd(9),
	    word(), rnd(1U << 31), rnd(9999999), &"Tue\0Wed\0Thu"[4 * rnd(3)],
	    rnd(31), rnd(24), rnd(60), rnd(60));
}

static void
add_signature(struct buf *b, const char *field)
{
	add(b, "%s v=1; a=rsa-sha256; c=relaxed/relaxed; d=%s.example.com; "
	    "s=s%u; t=17%08u; h=from:to:subject:date:message-id; bh=", field,
	    word(), rnd(4096), rnd(99999999));
	add_base64(b, 43);
	add(b, "=; b=");
	add_base64(b, 342);
	add(b, "==\r\n");
}

static void
add_subject(struct buf *b)
{
	add(b, "Subject: %s: %s %s on %s%u\r\nX-%s-Id: %s-%u\r\n"
	    "From: \"%s %s\" <%s@%s.example.com>\r\n", word(), word(), word(),
	    word(), rnd(99), word(), word(), rnd(99999), word(), word(),
	    word(), word());
}

static void
header_text(struct buf *b)
{
	b->n = 0;
	while (b->n < TEXT) {
		for (size_t i = 0; i < 6; i++)
			add_received(b);
		add_signature(b, "DKIM-Signature:");
		add_subject(b);
		add_signature(b, "ARC-Message-Signature: i=1;");
		add_signature(b, "ARC-Seal: i=1; cv=none;");
		add_subject(b);
	}
	b->n = TEXT;
}

/* Keywords, addresses, fields, and what stands in two of them. */
static void
header_pattern(struct buf *b, unsigned int i)
{
	b->n = 0;
	switch (i % 8) {
	case 0:
		add(b, "%s-%s%u", word(), word(), 1000 + rnd(9000));
		break;
	case 1:
		add(b, "[[]%u.%u.%u.[1-9]]", 22 + rnd(200), rnd(256),
		    rnd(256));
		break;
	case 2:
		add(b, "Customer*%u.33.33.33", rnd(224));
		break;
	case 3:
		add(b, "X-%s-Key: %08X", word(), rnd(1U << 31));
		break;
	case 4:
		add(b, "Subject: %s*PIN ####%u", word(), rnd(10));
		break;
	case 5:
		add(b, "%s%u.%s.example.org", word(), rnd(10), word());
		break;
	case 6:
		add(b, "from %s*[[]198.51.100.[0-4]#]", word());
		break;
	default:
		add_base64(b, 12 + rnd(20));
	}
}

/*
 * A text is its unit over and over; "~ab": random letters of these; NULL: the
 * header.  A pattern is head, then unit, so many times, a few more in some.
 */
static const struct family {
	const char	*name;
	const char	*text;
	const char	*head;
	size_t		 head_times;
	const char	*unit;
	size_t		 unit_times;
	const char	*tail;
	int		 flags;
} families[] = {
	{ "a{n}b in a{29}b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaab",
	    "", 0, "a", 56, "b", 0 },
	{ "a{n}b in a{60}b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", "", 0, "a", 56, "bb", 0 },
	{ "a{n}# in a", "a", "", 0, "a", 56, "#", 0 },
	{ "a{n}?{32}[!ab] in a", "a", "a", 24, "?", 32, "[!ab]", 0 },
	{ "(ab){n}[!ab] in abab", "ab", "", 0, "ab", 24, "[!ab]", 0 },
	{ "[!x]{n}[x-z] in a", "a", "", 0, "[!x]", 56, "[x-z]", 0 },
	{ "lists of 127 in a", "a", "", 0, "[\x01-\x7f]", 56, "#", 0 },
	{ "a*, many", "a", "", 0, "a*", 500, "#", 0 },
	{ "ab*, many", "ab", "", 0, "ab*", 500, "#", 0 },
	{ "a*, many, in ba", "ba", "", 0, "a*", 500, "#", 0 },
	{ "[ac]*, many, in b{9}a", "bbbbbbbbba", "", 0, "[ac]*", 500, "#", 0 },
	{ "a{60}, a?b*, many", "aab", "a", 60, "*a?b", 500, "*[!ab]", 0 },
	{ "[ -y][!z]*, many", "a", "[!x]", 60, "*[ -y][!z]", 100, "*#", 0 },
	{ "(aa?){21}b* in random", "~ab", "aa?", 21, "b*aa?a?a?aa?", 40,
	    "#", 0 },
	{ "one of 64 in random", "~ab", "a?b?b?a?", 6, "?", 5, "###", 0 },
	{ "a{n}# in aAaA, text", "~aA", "", 0, "a", 56, "#", LIKE_TEXT },
	{ "(ab){n}[!ab], text", "aB", "", 0, "aB", 24, "[!ab]", LIKE_TEXT },
	{ "common byte in a header", NULL, "?", 30, "e", 1, "?e[\x80-\xff]",
	    0 },
	{ "lists in a header", NULL, "", 0, "[0-9A-Za-z]", 56, "[\x80-\xff]",
	    LIKE_TEXT },
};

static void
family_text(const struct family *f, struct buf *b)
{
	size_t	 letters;

	if (f->text == NULL) {
		header_text(b);
		return;
	}
	letters = strlen(f->text);
	for (b->n = 0; b->n < TEXT; b->n++)
		b->s[b->n] = f->text[0] == '~' ? f->text[1 + rnd(letters - 1)] :
		    f->text[b->n % letters];
}

/* NULL for the family: the header's patterns. */
static void
pattern_make(const struct family *f, struct buf *b, unsigned int i)
{
	b->n = 0;
	if (f == NULL) {
		header_pattern(b, i);
		return;
	}
	add_times(b, f->head, f->head_times);
	add_times(b, f->unit, f->unit_times + i % 8);
	add(b, "%s", f->tail);
}

static void
set_compile(struct set *set, const struct family *f, int flags)
{
	static struct buf	 b;
	struct like_error	 e;

	for (unsigned int i = 0; i < PATTERNS; i++) {
		pattern_make(f, &b, i);
		set->likes[i] = like_compile(b.s, b.n, flags | LIKE_SEARCH,
		    &e);
		if (set->likes[i] == NULL)
			errx(1, "%s: %s", b.s, e.what);
	}
}

static void
set_free(struct set *set)
{
	for (size_t i = 0; i < PATTERNS; i++)
		like_free(set->likes[i]);
}

static double
now_ms(void)
{
	struct timespec	 t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

static double
match_round(struct set *set, const struct buf *text)
{
	double	 start = now_ms();

	for (size_t i = 0; i < PATTERNS; i++)
		(void)like_match(set->likes[i], text->s, text->n);
	return now_ms() - start;
}

static int
compare(const void *a, const void *b)
{
	double	 x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static struct figure
figure_make(double *ms, size_t n)
{
	qsort(ms, n, sizeof(*ms), compare);
	return (struct figure){ ms[n / 2], ms[0], ms[n - 1] };
}

static struct figure
match_figure(struct set *set, const struct buf *text, size_t rounds)
{
	double	 ms[ROUNDS];

	for (size_t i = 0; i < rounds; i++)
		ms[i] = match_round(set, text);
	return figure_make(ms, rounds);
}

static struct figure
typical_figure(int flags)
{
	static struct buf	 text;
	struct figure		 f;
	struct set		 set;

	header_text(&text);
	set_compile(&set, NULL, flags);
	f = match_figure(&set, &text, ROUNDS);
	set_free(&set);
	return f;
}

static struct figure
family_figure(const struct family *family, size_t rounds)
{
	static struct buf	 text;
	struct figure		 f;
	struct set		 set;

	family_text(family, &text);
	set_compile(&set, family, family->flags);
	f = match_figure(&set, &text, rounds);
	set_free(&set);
	return f;
}

/* The families that look worst after a few rounds get all of them. */
static struct figure
hostile_figure(const struct family **worst)
{
	double		 low[NELEM(families)];
	struct figure	 f, most = { 0, 0, 0 };
	size_t		 i, at;

	for (i = 0; i < NELEM(families); i++)
		low[i] = family_figure(&families[i], TRIALS).low;
	for (size_t k = 0; k < WORST; k++) {
		for (i = at = 0; i < NELEM(families); i++)
			if (low[i] > low[at])
				at = i;
		low[at] = -1;
		f = family_figure(&families[at], ROUNDS);
		if (f.median < most.median)
			continue;
		most = f;
		*worst = &families[at];
	}
	return most;
}

/* The patterns are made beforehand: only compiling counts. */
static struct figure
load_figure(size_t *bytes)
{
	static struct buf	 patterns[PATTERNS / 8];
	struct like_error	 e;
	struct like		*likes[PATTERNS];
	double			 ms[ROUNDS], start;
	size_t			 i, round;

	for (i = 0; i < NELEM(patterns); i++)
		header_pattern(&patterns[i], i);
	for (round = 0; round < ROUNDS; round++) {
		start = now_ms();
		for (i = 0; i < PATTERNS; i++)
			likes[i] = like_compile(patterns[i % (PATTERNS / 8)].s,
			    patterns[i % (PATTERNS / 8)].n, LIKE_SEARCH, &e);
		ms[round] = now_ms() - start;
		for (i = *bytes = 0; i < PATTERNS; i++) {
			*bytes += malloc_usable_size(likes[i]) + sizeof(size_t);
			like_free(likes[i]);
		}
	}
	return figure_make(ms, ROUNDS);
}

static void
print_lines(const struct result *r)
{
	static const char	 line[] = "match %s: %d patterns x %d KiB  "
	    "%.1f ms [%.1f, %.1f]  bar %d%s%s%s\n";

	printf(line, "typical", PATTERNS, TEXT / 1024, r->binary.median,
	    r->binary.low, r->binary.high, BAR_TYPICAL, "", "", "");
	printf(line, "typical, text", PATTERNS, TEXT / 1024, r->text.median,
	    r->text.low, r->text.high, BAR_TYPICAL, "", "", "");
	printf(line, "hostile", PATTERNS, TEXT / 1024, r->hostile.median,
	    r->hostile.low, r->hostile.high, BAR_HOSTILE, "  (worst: ",
	    r->worst->name, ")");
	printf("match load: %d patterns  %.2f ms [%.2f, %.2f]  %zu KiB\n",
	    PATTERNS, r->load.median, r->load.low, r->load.high,
	    r->bytes / 1024);
}

static void
print_member(const char *name, struct figure f)
{
	printf("\"%s\": {\"ms\": %.3f, \"low\": %.3f, \"high\": %.3f}, ",
	    name, f.median, f.low, f.high);
}

static void
print_json(const struct result *r)
{
	putchar('{');
	print_member("typical", r->binary);
	print_member("typical-text", r->text);
	print_member("hostile", r->hostile);
	print_member("load", r->load);
	printf("\"bar-typical\": %d, \"bar-hostile\": %d, "
	    "\"worst\": \"%s\", \"bytes\": %zu}\n", BAR_TYPICAL,
	    BAR_HOSTILE, r->worst->name, r->bytes);
}

int
main(int argc, char **argv)
{
	struct result	 r;

	r.binary = typical_figure(LIKE_BINARY);
	r.text = typical_figure(LIKE_TEXT);
	r.hostile = hostile_figure(&r.worst);
	r.load = load_figure(&r.bytes);
	if (argc > 1 && strcmp(argv[1], "--json") == 0)
		print_json(&r);
	else
		print_lines(&r);
	return 0;
}
