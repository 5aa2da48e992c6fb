/*
 * Fuzz target of record.c's and lmtp_valid.c's checks.  Input: a packet as an
 * engine gone bad could send it, in this machine's byte order.  Of what is let
 * through every string must be as lmtp.h promises; that is said here once
 * more, in other words.
 */
#include <stdlib.h>
#include <string.h>

#include "record.h"

#define HEAD	offsetof(struct record, u)

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
must(bool holds)
{
	if (!holds)
		abort();
}

/* One character of RFC 3629's UTF-8, no control; returns behind it. */
static const unsigned char *
printable(const unsigned char *s)
{
	int more = *s < 0x80 ? 0 : *s < 0xe0 ? 1 : *s < 0xf0 ? 2 : 3;
	unsigned long code = *s & (more == 0 ? 0x7f : 0x3f >> more);
	int i;

	must(*s < 0x80 || (*s >= 0xc2 && *s <= 0xf4));
	for (i = 1; i <= more; i++) {
		must(s[i] >= 0x80 && s[i] <= 0xbf);
		code = code << 6 | (s[i] & 0x3f);
	}
	must(code >= ' ' && !(code >= 0x7f && code < 0xa0));
	must(more < 2 || code >= 0x800);
	must(more < 3 || (code >= 0x10000 && code <= 0x10ffff));
	must(code < 0xd800 || code > 0xdfff);
	return s + more + 1;
}

/* Ended within size bytes, NULs alone behind its end, and clean. */
static void
check_string(const char *text, size_t size)
{
	const char *end = memchr(text, '\0', size);
	const unsigned char *s = (const unsigned char *)text;
	const char *p;

	must(end != NULL);
	for (p = end; p < text + size; p++)
		must(*p == '\0');
	while (*s != '\0')
		s = printable(s);
	must((const char *)s == end);
}

/* It must read as one, and come out as it is. */
static void
check_address(const char *text)
{
	char again[ADDR_MAX];

	check_string(text, ADDR_MAX);
	must(addr_read_path(text, strlen(text), again) == 0);
	must(strcmp(text, again) == 0);
	must(strchr(text, '\r') == NULL && strchr(text, '\n') == NULL);
	/* only quotes hold a blank or a bracket */
	must(*text == '"' || strpbrk(text, " <>") == NULL);
	must(addr_local_len(text) > 0);
}

static void
check_xforward(const struct lmtp_xforward *xf)
{
	struct ip_addr ip;
	int i;

	must(xf->given != 0 && xf->given < 1U << XF_ATTRS);
	for (i = 0; i < XF_ATTRS; i++) {
		check_string(xf->value[i], sizeof(xf->value[i]));
		must(xf->value[i][0] == '\0' || (xf->given & 1U << i));
	}
	must(xf->value[XF_ADDR][0] == '\0' ||
	    ip_read(xf->value[XF_ADDR], &ip) == 0);
}

static void
check_command(const struct lmtp_command *cmd, size_t n)
{
	unsigned char utf8;

	must((unsigned int)cmd->verb < LMTP_VERBS);
	must(n == lmtp_command_size(cmd->verb));
	switch (cmd->verb) {
	case LMTP_LHLO:
		check_string(cmd->u.lhlo.name, sizeof(cmd->u.lhlo.name));
		must(cmd->u.lhlo.name[0] != '\0');
		must(strchr(cmd->u.lhlo.name, ' ') == NULL);
		break;
	case LMTP_MAIL:
		memcpy(&utf8, &cmd->u.mail.utf8, sizeof(utf8));
		must(utf8 <= 1);
		if (cmd->u.mail.sender[0] != '\0')
			check_address(cmd->u.mail.sender);
		check_string(cmd->u.mail.sender, ADDR_MAX);
		break;
	case LMTP_RCPT:
		check_address(cmd->u.rcpt.recipient);
		if (cmd->u.rcpt.original[0] != '\0')
			check_address(cmd->u.rcpt.original);
		check_string(cmd->u.rcpt.original, ADDR_MAX);
		break;
	case LMTP_XFORWARD:
	case LMTP_XCLIENT:
		check_xforward(&cmd->u.xforward);
		break;
	case LMTP_BAD:
		must((unsigned int)cmd->u.fault < LMTP_FAULTS);
		break;
	default:
		break;
	}
}

static void
check_end(const struct record_end *end)
{
	uint32_t i;

	must(end->flags <= (END_TOO_LARGE | END_DISK_FULL | END_FAILED |
	    END_MORE | END_EOF));
	must(end->fault <= (DATA_BARE_LF | DATA_BARE_CR | DATA_NUL));
	must(end->tails <= RECORD_TAIL_MAX);
	for (i = 0; i < end->tails; i++)
		must(end->tail[i] == LMTP_RSET || end->tail[i] == LMTP_NOOP ||
		    end->tail[i] == LMTP_QUIT);
}

/* In n bytes of its own, so that reading past them is seen. */
static int
valid(const void *data, size_t n)
{
	void *copy = malloc(n == 0 ? 1 : n);
	int rv;

	must(copy != NULL);
	memcpy(copy, data, n);
	rv = record_valid(copy, n);
	free(copy);
	must(rv == 0 || rv == 1);
	return rv;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct record r;

	if (!valid(data, size))
		return 0;
	/* what is let through has room in a record, and one length alone */
	must(size >= HEAD && size <= sizeof(r));
	must(!valid(data, size - 1));
	memset(&r, 0xa5, sizeof(r));
	memcpy(&r, data, size);
	must(r.type < RECORDS && r.len == size - HEAD);
	must(record_valid(&r, size));
	if (size < sizeof(r))
		must(!record_valid(&r, size + 1));
	if (r.type == RECORD_COMMAND || r.type == RECORD_LAST)
		check_command(&r.u.command, r.len);
	if (r.type == RECORD_END)
		check_end(&r.u.end);
	return 0;
}
