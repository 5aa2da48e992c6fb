/*
 * Fuzz target of authres.c.  Input: a field's value.  Blanks and comments in
 * front and behind change nothing; what passes stands in it; and as sender's
 * text inside a comment or a string of another field it never passes.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "authres.h"

#define DOMAIN	"a.example"

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

struct text {
	char	*s;
	size_t	 n;
};

static void
must(bool holds)
{
	if (!holds)
		abort();
}

/* Twice as long as size, and some more. */
static struct text
new_text(size_t size)
{
	struct text	 t = { .s = malloc(2 * size + 200) };

	must(t.s != NULL);
	return t;
}

static void
add(struct text *t, const char *s)
{
	memcpy(t->s + t->n, s, strlen(s));
	t->n += strlen(s);
}

static void
add_input(struct text *t, const uint8_t *data, size_t size, bool escaped)
{
	for (size_t i = 0; i < size; i++) {
		if (escaped)
			t->s[t->n++] = '\\';
		t->s[t->n++] = (char)data[i];
	}
}

static int
passes(const char *s, size_t n, enum authres_method method)
{
	char	*copy = malloc(n > 0 ? n : 1);
	int	 answer;

	must(copy != NULL);
	memcpy(copy, s, n);
	answer = authres_passes(copy, n, method, DOMAIN);
	must(answer >= -1 && answer <= 1);
	free(copy);
	return answer;
}

/* The domain, in whatever case, with a backslash here and there. */
static bool
names_domain(const uint8_t *data, size_t size)
{
	const char	*domain = DOMAIN;
	size_t		 at, i;

	for (at = 0; at < size; at++) {
		size_t	 matched = 0;

		for (i = at; i < size && domain[matched] != '\0'; i++)
			if (strncasecmp((const char *)data + i,
			    domain + matched, 1) == 0)
				matched++;
			else if (data[i] != '\\')
				break;
		if (domain[matched] == '\0')
			return true;
	}
	return false;
}

static void
check_outside(const uint8_t *data, size_t size, enum authres_method method)
{
	struct text	 t = new_text(size);
	int		 answer = passes((const char *)data, size, method);

	add(&t, " (x (;) \\) \") \t");
	add_input(&t, data, size, false);
	if (answer == -1) {
		must(passes(t.s, t.n, method) != 1);
	} else {
		add(&t, " (y");
		must(passes(t.s, t.n, method) != 1);
		add(&t, ")\t");
		must(passes(t.s, t.n, method) == answer);
	}
	if (answer == 1) {
		must(names_domain(data, size));
		must(authres_is_of((const char *)data, size, "") == 0);
		add(&t, ";;");
		must(passes(t.s, t.n, method) == -1);
	}
	free(t.s);
}

/* Quoted as a careful MTA does, it is a value and no more. */
static void
check_inside(const uint8_t *data, size_t size, enum authres_method method,
    const char *before, const char *behind)
{
	struct text	 t = new_text(size);

	add(&t, before);
	add_input(&t, data, size, true);
	add(&t, behind);
	must(passes(t.s, t.n, method) != 1);
	free(t.s);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	for (int m = AUTHRES_DKIM; m <= AUTHRES_DMARC; m++) {
		check_outside(data, size, m);
		check_inside(data, size, m, "mx; dkim=pass (",
		    ") header.d=evil.example; dmarc=fail");
		check_inside(data, size, m, "mx; dkim=pass reason=\"",
		    "\" header.d=evil.example; dmarc=fail");
		check_inside(data, size, m, "mx; spf=pass smtp.mailfrom=\"",
		    "\"@evil.example; dkim=pass header.d=evil.example");
		check_inside(data, size, m, "\"", "\"; none");
	}
	return 0;
}
