/*
 * Fuzz target of text_names.c.  Input: a message.  What is found stands there,
 * and a scrubbed field names no charset that there is not.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "text_names.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
must(bool holds)
{
	if (!holds)
		abort();
}

/* Each name that a field has before its next "?" is found in it as well. */
static void
check_words(const char *field, const bool *found)
{
	size_t	 n;
	int	 i;

	while ((field = strstr(field, "=?")) != NULL) {
		field += 2;
		n = strcspn(field, "?*");
		if (field[n] != '\0' && (i = text_name(field, n)) != -1)
			must(found[i]);
	}
}

/* ISO 8859's are written in more ways than one. */
static bool
stands_in(const char *s, const char *name)
{
	return strcasestr(s, name) != NULL ||
	    (strncmp(name, "iso-8859-", 9) == 0 && strstr(s, "8859") != NULL &&
	    strcasestr(s, name + 9) != NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	bool	 found[TEXT_NAMES_MAX];
	char	*s = malloc(size + 1), *field;

	must(s != NULL);
	if (size > 0)
		memcpy(s, data, size);
	s[size] = '\0';
	text_names_search(s, size, found);
	for (size_t i = 0; i < TEXT_NAMES_MAX; i++)
		must(!found[i] || (i < text_nnames && stands_in(s,
		    text_names[i].name)) || memchr(s, '\0', size));
	check_words(s, found);
	must((field = strdup(s)) != NULL);
	text_names_scrub(field);
	must(strlen(field) == strlen(s));
	text_names_scrub(field);
	check_words(field, found);
	free(field);
	free(s);
	return 0;
}
