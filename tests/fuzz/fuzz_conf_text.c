/*
 * Fuzz target of conf_text.c and conf_scan.c.  Input: the bytes of a file.
 * What passes must be stable: the same once more, with nothing left of its
 * comments; line ends never move; and a file that passes, cut off inside a
 * section or a word, must not.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "conf_text.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

struct said {
	size_t	 n;
	int	 lines;		/* of the text */
};

static void
must(int holds)
{
	if (!holds)
		abort();
}

static void
say(void *arg, int line, const char *text)
{
	struct said *said = arg;

	must(line >= 1 && line <= said->lines && *text != '\0');
	said->n++;
}

static int
scan(char *text, size_t n, struct conf_text *out)
{
	struct said said = { 0, 1 };
	const struct conf_text_report report = { say, &said };
	struct conf_keys *top = calloc(1, sizeof(*top));
	size_t i;
	int rv;

	must(top != NULL);
	for (i = 0; i < n; i++)
		said.lines += text[i] == '\n';
	rv = conf_text_scan(text, n, top, out, &report);
	must((rv == 0) == (said.n == 0) && rv >= -1 && rv <= 1);
	for (i = 0; i < out->sections; i++)
		must(out->line[i] >= 1 && out->line[i] <= said.lines);
	free(top);
	return rv;
}

/* Everything up to the last closing brace but not that. */
static void
check_cut(const char *text, size_t n)
{
	struct conf_text out;
	char *copy;

	while (n > 0 && strchr(" \t\r\n", text[n - 1]) != NULL)
		n--;
	if (n == 0 || text[n - 1] != '}')
		return;
	must((copy = malloc(n)) != NULL);
	memcpy(copy, text, n - 1);
	must(scan(copy, n - 1, &out) == -1);
	conf_text_free(&out);
	free(copy);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct conf_text first, second;
	char *once, *twice;
	size_t i;
	int rv;

	must((once = malloc(n + 1)) != NULL);
	must((twice = malloc(n + 1)) != NULL);
	memcpy(once, data, n);
	rv = scan(once, n, &first);
	for (i = 0; i < n; i++)
		must((data[i] == '\n') == (once[i] == '\n') &&
		    (once[i] == ' ' || once[i] == (char)data[i]));
	if (rv != -1) {
		memcpy(twice, once, n);
		must(scan(twice, n, &second) == rv);
		must(memcmp(once, twice, n) == 0);
		must(first.sections == second.sections);
		must(first.sections == 0 || memcmp(first.line, second.line,
		    first.sections * sizeof(*first.line)) == 0);
		conf_text_free(&second);
		check_cut(once, n);
	}
	conf_text_free(&first);
	free(once);
	free(twice);
	return 0;
}
