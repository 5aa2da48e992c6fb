/*
 * Fuzz target of spf_record.c and spf_macro.c.  Input: the values of the
 * macros s, l, d and h, a line each, and the record.  What is taken reads
 * term by term; its domains expand within bounds; damage to it is refused.
 */
#include <sys/socket.h>

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "spf_macro.h"
#include "spf_record.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
must(bool holds)
{
	if (!holds)
		abort();
}

/* A line of the input as a value, bounded as those of a question are. */
static const char *
take_line(char **at)
{
	char	*line = strsep(at, "\n");

	if (line == NULL)
		return "";
	if (strlen(line) >= ADDR_MAX)
		line[ADDR_MAX - 1] = '\0';
	return line;
}

static void
check_spec(const struct spf_term *t, const struct spf_macros *m)
{
	char	 out[SPF_DOMAIN_MAX];
	size_t	 n;

	must(spf_domain_spec(t->spec, t->spec_len));
	must(spf_macro_string(t->spec, t->spec_len));
	memset(out, 'x', sizeof(out));
	spf_macro_expand(t->spec, t->spec_len, m, out);
	n = strnlen(out, sizeof(out));
	must(n < sizeof(out));
	if (memchr(t->spec, '%', t->spec_len) == NULL && t->spec[0] != '.')
		must(n > 0 && strncmp(out + n - 1, t->spec + t->spec_len - 1 -
		    (t->spec[t->spec_len - 1] == '.'), 1) == 0);
}

static void
check_term(const struct spf_term *t, const struct spf_macros *m)
{
	bool	 needs = t->kind == SPF_TERM_INCLUDE ||
	    t->kind == SPF_TERM_EXISTS || t->kind == SPF_TERM_REDIRECT;

	must(!needs || t->spec != NULL);
	must(t->bits4 <= 32 && t->bits6 <= 128 && t->net.bits <= 128);
	must(t->net.addr.family != AF_INET || t->net.bits <= 32);
	must((t->kind == SPF_TERM_IP) == (t->net.addr.family != 0));
	if (t->spec != NULL)
		check_spec(t, m);
}

/* A record that was taken has nothing but right terms, to its end. */
static void
check_terms(const char *text, const struct spf_macros *m)
{
	const char	*end = text + strlen(text), *before;
	struct spf_term	 t;

	do {
		before = text;
		must(spf_record_next(&text, &t));
		must(text > before || t.kind == SPF_TERM_END);
		must(text <= end);
		check_term(&t, m);
	} while (t.kind != SPF_TERM_END);
	must(text == end);
}

/* No record stays right with a control character or a wrong term in it. */
static void
check_damaged(const char *text)
{
	static const char	*const wrong[] = { " \x01", " -", " a:\x80.b" };
	struct spf_term		 t;
	size_t			 n = strlen(text);
	char			*copy = malloc(n + 16);

	must(copy != NULL);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		memcpy(copy, text, n);
		strcpy(copy + n, wrong[i]);
		must(!spf_record_check(copy, &t));
	}
	free(copy);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct spf_macros	 m = { .client_name = "unknown" };
	struct spf_term		 redirect;
	char			*copy = malloc(size + 1), *at = copy;

	must(copy != NULL);
	memcpy(copy, data, size);
	copy[size] = '\0';
	m.client.family = size % 2 == 0 ? AF_INET : AF_INET6;
	m.sender = take_line(&at);
	m.local = take_line(&at);
	m.origin = m.domain = take_line(&at);
	m.helo = take_line(&at);
	if (at != NULL && spf_record_is(at) &&
	    spf_record_check(at, &redirect)) {
		if (redirect.kind != SPF_TERM_END)
			check_term(&redirect, &m);
		check_terms(at, &m);
		check_damaged(at);
	}
	free(copy);
	return 0;
}
