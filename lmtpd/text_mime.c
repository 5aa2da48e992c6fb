/*
 * Finds the text of a message by GMime's parser.  Trusts GMime with a
 * stranger's message: it runs confined.  Boundaries are never asked for
 * (GMime's issue 165 is an endless loop).
 */
#include <stdlib.h>
#include <string.h>

#include <gmime/gmime.h>

#include "text_clean.h"
#include "text_flowed.h"
#include "text_html.h"
#include "text_mime.h"
#include "text_names.h"

struct walk {
	const struct text_charsets	*sets;
	struct text_buf			*body;
	bool				 too_deep;
};

/* How well an alternative serves: the lower the better. */
enum rank {
	RANK_PLAIN,
	RANK_PARTS,
	RANK_HTML,
	RANKS			/* none */
};

static void	 take(struct walk *, GMimeObject *, unsigned int);

/* --- one part ------------------------------------------------------------- */

/* RFC 2045, 5.2: what is no type at all is plain text. */
static bool
is_untyped(GMimeObject *part)
{
	const char	*type = g_mime_object_get_header(part, "Content-Type");

	return type != NULL && strchr(type, '/') == NULL;
}

static bool
is_plain(GMimeObject *part)
{
	return g_mime_content_type_is_type(
	    g_mime_object_get_content_type(part), "text", "plain") ||
	    is_untyped(part);
}

static bool
is_html(GMimeObject *part)
{
	GMimeContentType	*type = g_mime_object_get_content_type(part);

	return g_mime_content_type_is_type(type, "text", "html") ||
	    g_mime_content_type_is_type(type, "application", "xhtml+xml");
}

static bool
is_attached(GMimeObject *part)
{
	const char	*how = g_mime_object_get_disposition(part);

	return how != NULL && strcasecmp(how, "attachment") == 0;
}

static bool
has_file_name(GMimeObject *part)
{
	return GMIME_IS_PART(part) &&
	    g_mime_part_get_filename((GMimePart *)part) != NULL;
}

static const char *
parameter(GMimeObject *part, const char *name)
{
	return g_mime_object_get_content_type_parameter(part, name);
}

static bool
parameter_is(GMimeObject *part, const char *name, const char *value)
{
	const char	*is = parameter(part, name);

	return is != NULL && strcasecmp(is, value) == 0;
}

/* Its content, with the transfer encoding undone.  NULL: it has none. */
static GByteArray *
content_of(GMimeObject *part)
{
	GMimeDataWrapper	*content;
	GMimeStream		*stream;
	GByteArray		*bytes;

	content = g_mime_part_get_content((GMimePart *)part);
	if (content == NULL)
		return NULL;
	bytes = g_byte_array_new();
	stream = g_mime_stream_mem_new_with_byte_array(bytes);
	g_mime_stream_mem_set_owner(GMIME_STREAM_MEM(stream), FALSE);
	g_mime_data_wrapper_write_to_stream(content, stream);
	g_object_unref(stream);
	return bytes;
}

static void
take_plain(struct walk *walk, GMimeObject *part, const char *s, size_t n)
{
	struct text_buf	 text = { .s = NULL }, lines = { .s = NULL };

	text_convert(walk->sets, parameter(part, "charset"), s, n, &text);
	if (parameter_is(part, "format", "flowed")) {
		text_unflow(text.s, text.n,
		    parameter_is(part, "delsp", "yes"), &lines);
		text_clean(lines.s, lines.n, walk->body);
	} else {
		text_clean(text.s, text.n, walk->body);
	}
	walk->body->broken |= text.broken | lines.broken;
	text_reset(&text);
	text_reset(&lines);
}

static void
take_html(struct walk *walk, GMimeObject *part, const char *s, size_t n)
{
	struct text_buf	 page = { .s = NULL }, text = { .s = NULL };
	char		 name[TEXT_CHARSET_NAME_MAX];
	const char	*charset = parameter(part, "charset");

	if (charset == NULL)
		charset = text_html_charset(s, n, name);
	text_convert(walk->sets, charset, s, n, &page);
	text_from_html(page.s, page.n, &text);
	text_clean(text.s, text.n, walk->body);
	walk->body->broken |= page.broken | text.broken;
	text_reset(&page);
	text_reset(&text);
}

static void
end_last_line(struct text_buf *body)
{
	if (body->n > 0 && body->s[body->n - 1] != '\n')
		text_add_byte(body, '\n');
}

static void
take_part(struct walk *walk, GMimeObject *part)
{
	GByteArray	*bytes;
	bool		 html = is_html(part);

	if ((!html && !is_plain(part)) || (bytes = content_of(part)) == NULL)
		return;
	end_last_line(walk->body);
	if (html)
		take_html(walk, part, (const char *)bytes->data, bytes->len);
	else
		take_plain(walk, part, (const char *)bytes->data, bytes->len);
	g_byte_array_free(bytes, TRUE);
}

/* --- several -------------------------------------------------------------- */

static enum rank
rank_of(GMimeObject *part)
{
	return is_attached(part) ? RANKS : GMIME_IS_MULTIPART(part) ?
	    RANK_PARTS : is_html(part) ? RANK_HTML :
	    is_plain(part) ? RANK_PLAIN : RANKS;
}

/* What was taken since then says something. */
static bool
has_text(const struct text_buf *body, size_t since)
{
	for (size_t i = since; i < body->n; i++)
		if (body->s[i] != ' ' && body->s[i] != '\n')
			return true;
	return false;
}

static void
take_alternative(struct walk *walk, GMimeMultipart *parts, unsigned int depth)
{
	int		 i, n = g_mime_multipart_get_count(parts);
	size_t		 since = walk->body->n;
	GMimeObject	*part;

	for (enum rank rank = RANK_PLAIN; rank < RANKS; rank++)
		for (i = 0; i < n; i++) {
			part = g_mime_multipart_get_part(parts, i);
			if (rank_of(part) != rank)
				continue;
			take(walk, part, depth);
			if (has_text(walk->body, since))
				return;
			walk->body->n = since;
		}
}

/* RFC 2387: the part that `start' names, else the first. */
static void
take_related(struct walk *walk, GMimeMultipart *parts, unsigned int depth)
{
	const char	*start, *id;
	int		 i, n = g_mime_multipart_get_count(parts), root = 0;
	size_t		 len;

	start = parameter((GMimeObject *)parts, "start");
	len = start != NULL ? strcspn(start + (*start == '<'), ">") : 0;
	for (i = 0; i < n && len > 0; i++) {
		id = g_mime_object_get_content_id(
		    g_mime_multipart_get_part(parts, i));
		if (id != NULL && strlen(id) == len &&
		    strncmp(id, start + (*start == '<'), len) == 0)
			root = i;
	}
	if (n > 0)
		take(walk, g_mime_multipart_get_part(parts, root), depth);
}

static void
take_each(struct walk *walk, GMimeMultipart *parts, unsigned int depth)
{
	int		 i, n = g_mime_multipart_get_count(parts);
	GMimeObject	*part;

	for (i = 0; i < n; i++) {
		part = g_mime_multipart_get_part(parts, i);
		if (!has_file_name(part))
			take(walk, part, depth);
	}
}

/* No boundary was found, so it is no more than this. */
static void
take_unparted(struct walk *walk, GMimeMultipart *parts)
{
	const char	*text = g_mime_multipart_get_prologue(parts);

	if (text != NULL) {
		end_last_line(walk->body);
		take_plain(walk, (GMimeObject *)parts, text, strlen(text));
	}
}

static void
take_parts(struct walk *walk, GMimeMultipart *parts, unsigned int depth)
{
	GMimeContentType	*type;
	int			 n = g_mime_multipart_get_count(parts);

	type = g_mime_object_get_content_type((GMimeObject *)parts);
	if (n == 0)
		take_unparted(walk, parts);
	else if (g_mime_content_type_is_type(type, "*", "alternative"))
		take_alternative(walk, parts, depth);
	else if (g_mime_content_type_is_type(type, "*", "related"))
		take_related(walk, parts, depth);
	else if (g_mime_content_type_is_type(type, "*", "signed"))
		take(walk, g_mime_multipart_get_part(parts, 0), depth);
	else if (!g_mime_content_type_is_type(type, "*", "encrypted"))
		take_each(walk, parts, depth);
}

static void
take(struct walk *walk, GMimeObject *part, unsigned int depth)
{
	if (is_attached(part) || walk->too_deep)
		return;
	if (!GMIME_IS_MULTIPART(part)) {
		if (GMIME_IS_PART(part))
			take_part(walk, part);
	} else if (depth > 0) {
		take_parts(walk, (GMimeMultipart *)part, depth - 1);
	} else {
		walk->too_deep = true;
	}
}

/* --- the message ---------------------------------------------------------- */

/* GMime says what it finds strange; nobody asked. */
static void
say_nothing(const char *domain, GLogLevelFlags level, const char *text,
    void *data)
{
	(void)domain;
	(void)level;
	(void)text;
	(void)data;
}

void
text_mime_init(void)
{
	g_log_set_default_handler(say_nothing, NULL);
	g_mime_init();
}

static void
take_subject(GMimeObject *message, struct text_buf *out)
{
	GMimeHeaderList	*fields = g_mime_object_get_header_list(message);
	GMimeHeader	*field = g_mime_header_list_get_header(fields,
	    "Subject");
	char		*raw, *text;

	if (field == NULL || g_mime_header_get_raw_value(field) == NULL)
		return;
	raw = g_strdup(g_mime_header_get_raw_value(field));
	text_names_scrub(raw);
	text = g_mime_utils_header_decode_text(NULL, raw);
	text_clean(text, strlen(text), out);
	g_free(text);
	g_free(raw);
}

/* The line that a message has before it in a mailbox's file. */
static void
drop_from_line(struct text_buf *message)
{
	char	*end;

	if (message->n < 5 || memcmp(message->s, "From ", 5) != 0 ||
	    (end = memchr(message->s, '\n', message->n)) == NULL)
		return;
	message->n -= (size_t)(end + 1 - message->s);
	memmove(message->s, end + 1, message->n);
}

/*
 * As a part, not as a message: then the addresses are not parsed, nor the
 * names in them decoded.
 */
static GMimeObject *
parse(struct text_buf *message)
{
	GMimeObject	*top;
	GMimeParser	*parser;
	GMimeStream	*stream;

	stream = g_mime_stream_mem_new_with_byte_array(
	    g_byte_array_new_take((guint8 *)message->s, message->n));
	*message = (struct text_buf){ .s = NULL };
	parser = g_mime_parser_new_with_stream(stream);
	top = g_mime_parser_construct_part(parser, NULL);
	g_object_unref(parser);
	g_object_unref(stream);
	return top;
}

int
text_mime_read(struct text_buf *message, const struct text_charsets *sets,
    struct text_buf *subject, struct text_buf *body)
{
	struct walk	 walk = { .sets = sets, .body = body };
	GMimeObject	*top;

	drop_from_line(message);
	if ((top = parse(message)) == NULL)
		return 0;
	take_subject(top, subject);
	take(&walk, top, TEXT_DEPTH_MAX);
	g_object_unref(top);
	return walk.too_deep ? -1 : 0;
}
