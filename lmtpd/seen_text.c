/*
 * An entry of seen.h as text.  It trusts no text: a file may hold anything,
 * and what goes into one came by mail.
 */
#include <sys/socket.h>

#include <stdint.h>
#include <string.h>

#include "seen_text.h"
#include "state.h"

#define PREFIX_BYTES	8	/* of a /64 */

static bool
is_control(char c)
{
	return (unsigned char)c < ' ' || c == 0x7f;
}

void
seen_where(const struct ip_addr *addr, char out[SEEN_WHERE_MAX])
{
	static const uint8_t	 mapped[12] = { [10] = 0xff, 0xff };
	struct ip_addr		 a = *addr;

	if (a.family == AF_INET6 &&
	    memcmp(a.byte, mapped, sizeof(mapped)) == 0) {
		a.family = AF_INET;
		memmove(a.byte, addr->byte + sizeof(mapped), 4);
	}
	if (a.family == AF_INET6)
		memset(a.byte + PREFIX_BYTES, 0, PREFIX_BYTES);
	ip_write(&a, out);
	if (a.family == AF_INET6)
		strlcat(out, "/64", SEEN_WHERE_MAX);
}

/* --- a file's name */

/* No dot in front: those are ours. */
static int
exchange(const char *in, char from, char to, char out[SEEN_WHERE_MAX])
{
	size_t	 i;

	for (i = 0; i < SEEN_WHERE_MAX - 1 && in[i] != '\0'; i++) {
		if (in[i] == to ||
		    strchr("0123456789abcdefghijklmnopqrstuvwxyz.:/_",
		    in[i]) == NULL)
			return -1;
		out[i] = in[i] == from ? to : in[i];
	}
	out[i] = '\0';
	return in[i] == '\0' && i > 0 && in[0] != '.' ? 0 : -1;
}

int
seen_text_name(const char *where, char out[SEEN_WHERE_MAX])
{
	return exchange(where, '/', '_', out);
}

int
seen_text_where(const char *name, char out[SEEN_WHERE_MAX])
{
	return exchange(name, '_', '/', out);
}

/* --- what is in it */

static void
add_line(char *out, const char *key, const char *value)
{
	char	*s = out + strlen(out);

	if (*value == '\0')
		return;
	strlcat(out, key, SEEN_FILE_MAX);
	strlcat(out, " ", SEEN_FILE_MAX);
	strlcat(out, value, SEEN_FILE_MAX);
	for (; *s != '\0'; s++)
		if (is_control(*s))
			*s = '?';
	strlcat(out, "\n", SEEN_FILE_MAX);
}

static void
add_time(char *out, const char *key, time_t when)
{
	char	 text[STATE_TIME_MAX];

	if (when != 0)
		add_line(out, key, state_time(text, when));
}

size_t
seen_text_write(const struct seen *s, char out[SEEN_FILE_MAX])
{
	out[0] = '\0';
	add_line(out, "sender", s->sender);
	add_time(out, "when", s->when);
	add_line(out, "message", s->message);
	add_line(out, "decision", s->decision);
	add_time(out, "told", s->told);
	return strlen(out);
}

static int
take_text(char *out, size_t size, const char *value)
{
	return strlcpy(out, value, size) < size ? 0 : -1;
}

static int
read_field(const char *key, const char *value, struct seen *s)
{
	if (strcmp(key, "sender") == 0)
		return take_text(s->sender, sizeof(s->sender), value);
	if (strcmp(key, "message") == 0)
		return take_text(s->message, sizeof(s->message), value);
	if (strcmp(key, "decision") == 0)
		return take_text(s->decision, sizeof(s->decision), value);
	if (strcmp(key, "when") == 0)
		return state_read_time(value, &s->when);
	if (strcmp(key, "told") == 0)
		return state_read_time(value, &s->told);
	return -1;
}

static int
read_line(char *line, struct seen *s)
{
	char	*value = strchr(line, ' '), *c;

	for (c = line; *c != '\0'; c++)
		if (is_control(*c))
			return -1;
	if (value == NULL || value[1] == '\0')
		return -1;
	*value++ = '\0';
	return read_field(line, value, s);
}

int
seen_text_read(const char *text, struct seen *s)
{
	char	 copy[SEEN_FILE_MAX], *line, *end;

	if (strlcpy(copy, text, sizeof(copy)) >= sizeof(copy))
		return -1;
	s->sender[0] = s->message[0] = s->decision[0] = '\0';
	s->when = s->told = 0;
	for (line = copy; *line != '\0'; line = end + 1) {
		if ((end = strchr(line, '\n')) == NULL)
			return -1;
		*end = '\0';
		if (read_line(line, s) == -1)
			return -1;
	}
	return s->when != 0 ? 0 : -1;
}
