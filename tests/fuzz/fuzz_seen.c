/*
 * Fuzz target of seen_text.c.  Input: a file's name up to the first NUL, if
 * there is one, and its text.  What is read holds no control character, and
 * what is written of it is read as the same.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "seen_text.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
must(bool holds)
{
	if (!holds)
		abort();
}

static void
check_clean(const char *s, size_t size)
{
	must(memchr(s, '\0', size) != NULL);
	for (; *s != '\0'; s++)
		must((unsigned char)*s >= ' ' && *s != 0x7f);
}

/* A file's name stays in its directory, and is none of ours. */
static void
check_name(const char *name)
{
	char	 where[SEEN_WHERE_MAX], again[SEEN_WHERE_MAX];

	if (seen_text_where(name, where) == -1)
		return;
	must(*name != '\0' && *name != '.' && strchr(name, '/') == NULL);
	must(strlen(where) == strlen(name));
	must(seen_text_name(where, again) == 0);
	must(strcmp(name, again) == 0);
}

static void
check_where(const char *where)
{
	char	 name[SEEN_WHERE_MAX], again[SEEN_WHERE_MAX];

	if (seen_text_name(where, name) == -1)
		return;
	must(*name != '.' && strchr(name, '/') == NULL);
	must(seen_text_where(name, again) == 0);
	must(strcmp(where, again) == 0);
}

static void
check_same(const struct seen *a)
{
	char		 text[SEEN_FILE_MAX];
	struct seen	 b;

	must(seen_text_write(a, text) == strlen(text));
	must(seen_text_read(text, &b) == 0);
	must(strcmp(a->sender, b.sender) == 0);
	must(strcmp(a->message, b.message) == 0);
	must(strcmp(a->decision, b.decision) == 0);
	must(a->when == b.when && a->told == b.told);
}

static void
check_read(const char *text)
{
	struct seen	 s;

	if (seen_text_read(text, &s) == -1)
		return;
	must(s.when > 0 && s.told >= 0);
	check_clean(s.sender, sizeof(s.sender));
	check_clean(s.message, sizeof(s.message));
	check_clean(s.decision, sizeof(s.decision));
	check_same(&s);
}

/* The same bytes as what came by mail. */
static void
check_written(const char *text)
{
	struct seen	 s = { .when = 1 }, again;
	char		 file[SEEN_FILE_MAX];

	strlcpy(s.sender, text, sizeof(s.sender));
	strlcpy(s.message, text, sizeof(s.message));
	strlcpy(s.decision, text, sizeof(s.decision));
	seen_text_write(&s, file);
	must(seen_text_read(file, &again) == 0);
	must(strlen(again.sender) == strlen(s.sender));
	must(strlen(again.message) == strlen(s.message));
	must(strlen(again.decision) == strlen(s.decision));
	must(again.when == 1 && again.told == 0);
	check_same(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char	*all = malloc(size + 1), *text;

	must(all != NULL);
	if (size > 0)
		memcpy(all, data, size);
	all[size] = '\0';
	text = strlen(all) < size ? all + strlen(all) + 1 : all;
	check_name(all);
	check_where(all);
	check_read(text);
	check_written(text);
	free(all);
	return 0;
}
