/*
 * Fuzz target of text_html.c, with libxml2 as it is installed.  Input: a page.
 * As in lmtptext it is made UTF-8 first; what comes out is UTF-8 too.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "text_html.h"
#include "text_utf8.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
must(bool holds)
{
	if (!holds)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text_buf	 page = { .s = NULL }, text = { .s = NULL };
	char		 name[TEXT_CHARSET_NAME_MAX];

	text_html_init();
	text_mend((const char *)data, size, &page);
	must(strlen(text_html_charset(page.s, page.n, name)) < sizeof(name));
	text_from_html(page.s, page.n, &text);
	must(!page.broken && !text.broken);
	must(text_is_utf8(text.s, text.n));
	must(text.n <= 3 * page.n + 1);
	text_reset(&page);
	text_reset(&text);
	return 0;
}
