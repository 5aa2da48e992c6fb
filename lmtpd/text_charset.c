/*
 * Opens converters while files may be opened, and converts once they may not.
 * GMime asks iconv(3) for some by words of its own, so it opens these too.
 * Trusts glibc's converters with a stranger's bytes: they run confined.
 */
#include <errno.h>
#include <iconv.h>
#include <stdlib.h>
#include <string.h>

#include <gmime/gmime.h>

#include "text_charset.h"
#include "text_names.h"
#include "text_utf8.h"

#define NO_ICONV	((iconv_t)-1)
#define CHUNK		4096

/* GMime takes it for header fields of unknown charsets. */
#define ALWAYS		"iso-8859-1"

struct text_charsets {
	iconv_t	 from[TEXT_NAMES_MAX];
	iconv_t	 gmime[TEXT_NAMES_MAX];	/* the one that GMime takes */
};

static void
open_name(struct text_charsets *sets, size_t i)
{
	const struct text_name	*name = &text_names[i];

	sets->gmime[i] = g_mime_iconv_open("UTF-8", name->name);
	sets->from[i] = iconv_open("UTF-8",
	    name->from != NULL ? name->from : name->name);
}

struct text_charsets *
text_charsets_open(const char *message, size_t n)
{
	struct text_charsets	*sets;
	bool			 found[TEXT_NAMES_MAX];

	if ((sets = malloc(sizeof(*sets))) == NULL)
		return NULL;
	text_names_search(message, n, found);
	found[text_name(ALWAYS, strlen(ALWAYS))] = true;
	for (size_t i = 0; i < TEXT_NAMES_MAX; i++) {
		sets->from[i] = sets->gmime[i] = NO_ICONV;
		if (found[i])
			open_name(sets, i);
	}
	return sets;
}

static void
close_one(iconv_t cd)
{
	if (cd != NO_ICONV)
		iconv_close(cd);
}

void
text_charsets_close(struct text_charsets *sets)
{
	for (size_t i = 0; sets != NULL && i < TEXT_NAMES_MAX; i++) {
		close_one(sets->from[i]);
		close_one(sets->gmime[i]);
	}
	free(sets);
}

/* iconv(3), and what it wrote; no input: what it still held back. */
static size_t
call(iconv_t cd, char **in, size_t *left, struct text_buf *out)
{
	char	 room[CHUNK], *to = room;
	size_t	 free_room = sizeof(room), rc;
	int	 why;

	rc = iconv(cd, in, left, &to, &free_room);
	why = errno;
	text_add(out, room, sizeof(room) - free_room);
	errno = why;
	return rc;
}

/*
 * All that one iconv(3) takes; false where nothing more can be had.  What it
 * does not take is passed over by units, since from the midst of one all that
 * follows would be other characters.
 */
static bool
convert_some(iconv_t cd, size_t unit, char **in, size_t *left,
    struct text_buf *out)
{
	size_t	 rc = call(cd, in, left, out);
	int	 why = errno;

	if (rc != (size_t)-1)
		return false;
	if (why == E2BIG)
		return true;
	text_add_char(out, 0xfffd);
	if (why != EILSEQ || *left == 0)
		return false;
	if (unit > *left)
		unit = *left;
	*in += unit;
	*left -= unit;
	return true;
}

/* The bytes that none of its characters has less than. */
static size_t
unit_of(const struct text_name *name)
{
	const char	*from = name->from != NULL ? name->from : name->name;

	return strncasecmp(from, "utf-16", 6) == 0 ? 2 :
	    strncasecmp(from, "utf-32", 6) == 0 ? 4 : 1;
}

static void
convert(iconv_t cd, size_t unit, const char *s, size_t n,
    struct text_buf *out)
{
	char	*in = (char *)s;	/* iconv(3) does not write to it */

	iconv(cd, NULL, NULL, NULL, NULL);
	while (n > 0 && convert_some(cd, unit, &in, &n, out))
		;
	/* a last letter waits for the mark that could follow it */
	call(cd, NULL, NULL, out);
}

static bool
is_utf8_name(const char *name)
{
	return strcasecmp(name, "utf-8") == 0 ||
	    strcasecmp(name, "utf8") == 0 ||
	    strcasecmp(name, "unicode-1-1-utf-8") == 0 ||
	    strcasecmp(name, "cp65001") == 0;
}

void
text_convert(const struct text_charsets *sets, const char *name,
    const char *s, size_t n, struct text_buf *out)
{
	int	 i = name != NULL ? text_name(name, strlen(name)) : -1;

	if (i != -1 && sets->from[i] != NO_ICONV)
		convert(sets->from[i], unit_of(&text_names[i]), s, n, out);
	else if (name != NULL && is_utf8_name(name))
		text_mend(s, n, out);
	else
		text_guess(s, n, out);
}
