/*
 * Fuzz target of conf_string.c.  Input: a security string.  What is taken has
 * all its alternatives compiled, a keyword that can be a local part, and
 * matches no field that says nothing; what is refused is not quoted.
 */
#include <stdlib.h>
#include <string.h>

#include "conf_string.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

#define SAID_MAX	300	/* of an error: longer would be the secret */

static void
must(bool holds)
{
	if (!holds)
		abort();
}

static void
say(void *arg, enum conf_kind kind, const char *text)
{
	must(kind == CONF_ERROR && strncmp(text, "f:7: security-string: ",
	    strlen("f:7: security-string: ")) == 0);
	must(strlen(text) < SAID_MAX && *(bool *)arg);
	for (; *text != '\0'; text++)
		must(*text >= ' ' && *text <= '~');
}

static bool
matches(const struct alternative *a, const char *field)
{
	return like_match(a->like, field, strlen(field));
}

/* It is what stands in front of an "@", and is found there. */
static void
check_keyword(const struct alternative *a)
{
	size_t	 n = strlen(a->keyword), room = n + sizeof("To: @b.c\n");
	char	*field = malloc(room), *path;

	must(field != NULL && n > 0);
	strlcpy(field, "To: ", room);
	strlcat(field, a->keyword, room);
	strlcat(field, "@b.c", room);
	if (strlen(field + 4) < ADDR_MAX && n <= 64) {
		must((path = malloc(ADDR_MAX)) != NULL);
		must(addr_read_path(field + 4, strlen(field + 4), path) == 0);
		must(addr_local_len(path) == n);
		free(path);
	}
	strlcat(field, "\n", room);
	must(matches(a, field));
	free(field);
}

static void
check_alternative(const struct alternative *a)
{
	must(a->like != NULL);
	must(!matches(a, "") && !matches(a, "\n"));
	must(!matches(a, "a:\n") || !matches(a, "Z:\n") ||
	    !matches(a, "0:\n"));
	if (a->keyword != NULL)
		check_keyword(a);
}

static void
check_text(const char *text, bool compare_text)
{
	struct conf_value	 v = { text, { "f", 7 } };
	struct grant		 g = { .compare_text = compare_text };
	bool			 may = true;
	const struct conf_report report = { say, &may };
	struct conf_errors	 e = { &report, 0 };
	int			 rv = string_make(&e, &v, &g);
	size_t			 i, at = 0;

	must((rv == 0) == (e.n == 0) && e.n <= g.alternatives);
	must((*text == '\0') == (g.alternatives == 0));
	for (i = 0; i < g.alternatives; i++) {
		must(at <= strlen(text));
		at += string_alternative(text + at) + 1;
		if (rv == 0)
			check_alternative(&g.alternative[i]);
		like_free(g.alternative[i].like);
		free(g.alternative[i].keyword);
	}
	must(g.alternatives == 0 || at == strlen(text) + 1);
	free(g.alternative);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char	*text = strndup((const char *)data, size);

	must(text != NULL);
	check_text(text, false);
	check_text(text, true);
	free(text);
	return 0;
}
