/*
 * The header of mail of our own.  What comes from mail or from a table is
 * kept from beginning a line.
 */
#include <sys/random.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "mailer.h"

#define SUBJECT_MAX	200	/* bytes of one that stands as it is */
#define WORD_BYTES	39	/* of text in an encoded word: 52 in base64 */

static bool
is_control(unsigned char c)
{
	return c < 0x20 || c == 0x7f;
}

static bool
is_one_line(const char *s)
{
	for (; *s != '\0'; s++)
		if (is_control((unsigned char)*s))
			return false;
	return true;
}

static bool
is_plain(const char *s)
{
	const char *p;

	for (p = s; *p != '\0'; p++)
		if ((unsigned char)*p >= 0x7f)
			return false;
	return p - s <= SUBJECT_MAX && strstr(s, "=?") == NULL;
}

/* How many bytes make the next word, no character being cut in two. */
static size_t
word_len(const char *s)
{
	size_t n = strnlen(s, WORD_BYTES + 1), back;

	if (n <= WORD_BYTES)
		return n;
	for (back = 0; back < 4; back++)
		if (((unsigned char)s[WORD_BYTES - back] & 0xc0) != 0x80)
			return WORD_BYTES - back;
	return WORD_BYTES;
}

static void
put_base64(FILE *f, const char *s, size_t n)
{
	static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789+/";
	unsigned long bits;
	size_t i, k;

	for (i = 0; i < n; i += 3) {
		for (bits = 0, k = 0; k < 3; k++)
			bits = bits << 8 |
			    (i + k < n ? (unsigned char)s[i + k] : 0);
		for (k = 0; k < 4; k++)
			fputc(i + k > n ? '=' : digit[bits >> (18 - 6 * k) &
			    0x3f], f);
	}
}

/* RFC 2047: words of at most 75 bytes, each on a line of its own. */
static void
put_encoded(FILE *f, const char *s)
{
	size_t n;

	for (; (n = word_len(s)) > 0; s += n) {
		fputs("=?utf-8?B?", f);
		put_base64(f, s, n);
		fputs(s[n] != '\0' ? "?=\n " : "?=", f);
	}
}

static int
put_subject(FILE *f, const char *subject)
{
	char *text = strdup(subject), *p;

	if (text == NULL)
		return -1;
	for (p = text; *p != '\0'; p++)
		if (is_control((unsigned char)*p))
			*p = ' ';
	fputs("Subject: ", f);
	if (is_plain(text))
		fputs(text, f);
	else
		put_encoded(f, text);
	fputc('\n', f);
	free(text);
	return 0;
}

static int
put_to(FILE *f, const struct strings *to)
{
	size_t i;

	fputs("To: ", f);
	for (i = 0; i < to->n; i++) {
		if (!is_one_line(to->v[i])) {
			errno = EINVAL;
			return -1;
		}
		fprintf(f, "%s%s", i > 0 ? ",\n " : "", to->v[i]);
	}
	fputc('\n', f);
	return 0;
}

static int
put_random(FILE *f)
{
	unsigned char random[16];
	size_t i;

	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return -1;
	for (i = 0; i < sizeof(random); i++)
		fprintf(f, "%02x", random[i]);
	return 0;
}

/* Letters and digits stay, all else is written so that it stays different. */
static int
put_id(FILE *f, const char *id)
{
	static const char same[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

	if (id == NULL)
		return put_random(f);
	for (; *id != '\0'; id++)
		if (strchr(same, *id) != NULL)
			fputc(*id, f);
		else
			fprintf(f, "-%02x", (unsigned char)*id);
	return 0;
}

static int
put_head(FILE *f, const struct policy *p, const struct strings *to,
    const char *subject, const char *id)
{
	time_t now = time(NULL);
	char date[64];
	struct tm tm;

	if (gmtime_r(&now, &tm) == NULL || strftime(date, sizeof(date),
	    "%a, %d %b %Y %H:%M:%S +0000", &tm) == 0)
		return -1;
	if (*p->notice_from != '\0')
		fprintf(f, "From: \"lmtpd\" <%s>\n", p->notice_from);
	else
		fprintf(f, "From: \"lmtpd\" <lmtpd@%s>\n", p->hostname);
	if (put_to(f, to) == -1 || put_subject(f, subject) == -1)
		return -1;
	fprintf(f, "Date: %s\nMessage-ID: <lmtpd.", date);
	if (put_id(f, id) == -1)
		return -1;
	fprintf(f, "@%s>\n", p->hostname);
	fputs("Auto-Submitted: auto-generated\n"
	    "MIME-Version: 1.0\n"
	    "Content-Type: text/plain; charset=utf-8\n"
	    "Content-Transfer-Encoding: 8bit\n", f);
	return 0;
}

char *
mailer_head(const struct policy *p, const struct strings *to,
    const char *subject, const char *id)
{
	char *head = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&head, &n);
	int rc;

	if (f == NULL)
		return NULL;
	rc = put_head(f, p, to, subject, id);
	if (fclose(f) == 0 && rc == 0)
		return head;
	free(head);
	return NULL;
}
