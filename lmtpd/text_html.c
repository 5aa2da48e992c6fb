/*
 * Makes HTML text by libxml2's parser, whose tree is never built.  Trusts
 * libxml2 with a stranger's page: it runs confined.
 */
#include <ctype.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>

#include <libxml/HTMLparser.h>

#include "text_html.h"

#define NELEM(a)	(sizeof(a) / sizeof((a)[0]))
#define META_BYTES	2048	/* where a page names its charset */
#define EMOJI_BYTES	64

enum element {
	INLINE,
	BLOCK,
	CELL,
	BREAK,
	PREFORMATTED,
	IMAGE,
	UNSEEN
};

struct page {
	struct text_buf	*out;
	size_t		 depth;
	size_t		 hidden;	/* the depth it begins at, or 0 */
	size_t		 pre;		/* elements that keep their blanks */
	bool		 start;		/* of a line */
	bool		 blank;		/* comes before the next character */
	bool		 ended;
};

static const struct {
	const char	*name;
	enum element	 is;
} elements[] = {
	{ "address", BLOCK }, { "article", BLOCK }, { "aside", BLOCK },
	{ "blockquote", BLOCK }, { "body", BLOCK }, { "br", BREAK },
	{ "caption", BLOCK }, { "center", BLOCK }, { "dd", BLOCK },
	{ "details", BLOCK }, { "dir", BLOCK }, { "div", BLOCK },
	{ "dl", BLOCK }, { "dt", BLOCK }, { "fieldset", BLOCK },
	{ "figcaption", BLOCK }, { "figure", BLOCK }, { "footer", BLOCK },
	{ "form", BLOCK }, { "h1", BLOCK }, { "h2", BLOCK }, { "h3", BLOCK },
	{ "h4", BLOCK }, { "h5", BLOCK }, { "h6", BLOCK }, { "head", UNSEEN },
	{ "header", BLOCK }, { "hr", BLOCK }, { "html", BLOCK },
	{ "img", IMAGE }, { "legend", BLOCK }, { "li", BLOCK },
	{ "listing", PREFORMATTED }, { "main", BLOCK }, { "menu", BLOCK },
	{ "nav", BLOCK }, { "noframes", UNSEEN }, { "ol", BLOCK },
	{ "option", BLOCK }, { "p", BLOCK }, { "pre", PREFORMATTED },
	{ "script", UNSEEN }, { "section", BLOCK }, { "style", UNSEEN },
	{ "summary", BLOCK }, { "table", BLOCK }, { "tbody", BLOCK },
	{ "td", CELL }, { "template", UNSEEN }, { "textarea", UNSEEN },
	{ "tfoot", BLOCK }, { "th", CELL }, { "thead", BLOCK },
	{ "title", UNSEEN }, { "tr", BLOCK }, { "ul", BLOCK },
	{ "xmp", PREFORMATTED }
};

static enum element
element_of(const char *name)
{
	for (size_t i = 0; i < NELEM(elements); i++)
		if (strcmp(elements[i].name, name) == 0)
			return elements[i].is;
	return INLINE;
}

/* --- what is written ------------------------------------------------------ */

static void
end_line(struct page *page)
{
	/* a signature's line is "-- " */
	if (page->blank && !page->start)
		text_add_byte(page->out, ' ');
	text_add_byte(page->out, '\n');
	page->start = true;
	page->blank = false;
}

static void
begin_block(struct page *page)
{
	if (!page->start)
		end_line(page);
	page->blank = false;
}

static void
put(struct page *page, char c)
{
	if (page->pre > 0 && (c == '\n' || c == ' ' || c == '\t')) {
		if (c == '\n')
			end_line(page);
		else
			page->blank = true;
	} else if (strchr(" \t\n\r\f", c) != NULL) {
		page->blank = true;
	} else {
		if (page->blank && !page->start)
			text_add_byte(page->out, ' ');
		text_add_byte(page->out, c);
		page->blank = page->start = false;
	}
}

static void
put_text(void *data, const xmlChar *s, int n)
{
	struct page	*page = data;

	if (page->hidden == 0)
		for (int i = 0; i < n; i++)
			put(page, (char)s[i]);
}

/* --- elements ------------------------------------------------------------- */

static const char *
attribute(const xmlChar **attributes, const char *name)
{
	size_t	 i;

	for (i = 0; attributes != NULL && attributes[i] != NULL; i += 2)
		if (strcmp((const char *)attributes[i], name) == 0)
			return attributes[i + 1] != NULL ?
			    (const char *)attributes[i + 1] : "";
	return NULL;
}

static const char *
skip_blanks(const char *s)
{
	return s + strspn(s, " \t\r\n\f");
}

/* Whether a style has display:none, as a property of its own. */
static bool
style_hides(const char *style)
{
	const char	*s;

	for (s = style; s != NULL; s = strchr(s, ';')) {
		s = skip_blanks(s + (*s == ';'));
		if (strncasecmp(s, "display", 7) != 0)
			continue;
		s = skip_blanks(s + 7);
		if (*s == ':' &&
		    strncasecmp(skip_blanks(s + 1), "none", 4) == 0)
			return true;
	}
	return false;
}

static bool
is_hidden(enum element is, const xmlChar **attributes)
{
	return is == UNSEEN || attribute(attributes, "hidden") != NULL ||
	    style_hides(attribute(attributes, "style"));
}

/* Some senders make images of them. */
static void
put_emoji(struct page *page, const char *alt)
{
	size_t	 i, n = alt != NULL ? strlen(alt) : 0;

	for (i = 0; i < n; i++)
		if ((unsigned char)alt[i] < 0x80)
			return;
	if (n <= EMOJI_BYTES)
		put_text(page, (const xmlChar *)alt, (int)n);
}

static void
begin(void *data, const xmlChar *name, const xmlChar **attributes)
{
	struct page	*page = data;
	enum element	 is = element_of((const char *)name);

	page->depth++;
	if (page->hidden > 0)
		return;
	if (is_hidden(is, attributes))
		page->hidden = page->depth;
	else if (is == BREAK)
		end_line(page);
	else if (is == CELL)
		page->blank = true;
	else if (is == IMAGE)
		put_emoji(page, attribute(attributes, "alt"));
	else if (is != INLINE)
		begin_block(page);
	page->pre += is == PREFORMATTED && page->hidden == 0;
}

static void
end(void *data, const xmlChar *name)
{
	struct page	*page = data;
	enum element	 is = element_of((const char *)name);

	if (page->hidden == 0) {
		if (is == BLOCK || is == PREFORMATTED)
			begin_block(page);
		page->pre -= is == PREFORMATTED && page->pre > 0;
	} else if (page->hidden == page->depth) {
		page->hidden = 0;
	}
	page->depth -= page->depth > 0;
}

static void
end_page(void *data)
{
	struct page	*page = data;

	page->ended = true;
}

/* --- parsing -------------------------------------------------------------- */

static void
say_nothing(void *data, const char *format, ...)
{
	(void)data;
	(void)format;
}

void
text_html_init(void)
{
	xmlInitParser();
	xmlSetGenericErrorFunc(NULL, say_nothing);
}

/* Past its end, or past all. */
static size_t
skip_to(const char *s, size_t n, size_t at, const char *end)
{
	const char	*found = memmem(s + at, n - at, end, strlen(end));

	return found != NULL ? (size_t)(found - s) + strlen(end) : n;
}

static bool
begins(const char *s, size_t n, size_t at, const char *with)
{
	return n - at >= strlen(with) &&
	    memcmp(s + at, with, strlen(with)) == 0;
}

/*
 * Without what libxml2 takes for text where a browser shows nothing, as
 * Outlook's "<![if !supportLists]>", and without NULs, which end a page to it.
 */
static void
mend(const char *s, size_t n, struct text_buf *page)
{
	size_t	 at, end;

	for (at = 0; at < n; at = end) {
		end = at + 1;
		if (begins(s, n, at, "<![")) {
			end = skip_to(s, n, at, ">");
			continue;
		}
		if (begins(s, n, at, "<!--"))
			end = skip_to(s, n, at + 4, "-->");
		for (; at < end; at++)
			if (s[at] != '\0')
				text_add_byte(page, s[at]);
	}
}

static void
read_page(const char *s, size_t n, struct text_buf *out)
{
	struct page		 page = { .out = out, .start = true };
	htmlParserCtxtPtr	 parser;

	if (n > INT_MAX || (parser = htmlNewParserCtxt()) == NULL) {
		out->broken = true;
		return;
	}
	*parser->sax = (htmlSAXHandler){
		.startElement = begin, .endElement = end,
		.characters = put_text, .ignorableWhitespace = put_text,
		.cdataBlock = put_text, .endDocument = end_page
	};
	parser->userData = &page;
	xmlFreeDoc(htmlCtxtReadMemory(parser, s, (int)n, NULL, "UTF-8",
	    HTML_PARSE_RECOVER | HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING |
	    HTML_PARSE_NONET | HTML_PARSE_IGNORE_ENC));
	/* it has no word for it where it had no memory to begin */
	if (parser->lastError.code == XML_ERR_NO_MEMORY ||
	    (n > 0 && !page.ended))
		out->broken = true;
	if (page.blank && !page.start)
		text_add_byte(out, ' ');
	htmlFreeParserCtxt(parser);
}

void
text_from_html(const char *s, size_t n, struct text_buf *out)
{
	struct text_buf	 page = { .s = NULL };

	mend(s, n, &page);
	read_page(page.s != NULL ? page.s : "", page.n, out);
	out->broken |= page.broken;
	text_reset(&page);
}

char *
text_html_charset(const char *s, size_t n, char name[TEXT_CHARSET_NAME_MAX])
{
	static const char	 key[] = "charset=";
	size_t			 at, len = 0;

	if (n > META_BYTES)
		n = META_BYTES;
	for (at = 0; at + sizeof(key) - 1 < n; at++)
		if (strncasecmp(s + at, key, sizeof(key) - 1) == 0)
			break;
	at += sizeof(key) - 1;
	if (at < n && (s[at] == '"' || s[at] == '\''))
		at++;
	while (at < n && len < TEXT_CHARSET_NAME_MAX - 1 &&
	    (isalnum((unsigned char)s[at]) || s[at] == '-' || s[at] == '_'))
		name[len++] = s[at++];
	name[len] = '\0';
	return name;
}
