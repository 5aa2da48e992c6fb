/*
 * Fuzz target of lmtp.c, xforward.c and lmtp_valid.c.  Input: four bytes, and
 * a command line.  The line is parsed; then, where the first byte is odd, the
 * byte at the place that the next two tell is replaced by the fourth.  A
 * command that is still valid must come of a line.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lmtp.h"

#define ROOM	(2 * LMTP_LINE_MAX)

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
must(bool holds)
{
	if (!holds)
		abort();
}

/* Appends the value as xtext. */
static void
add_xtext(char *line, const char *value)
{
	size_t	 n = strlen(line);

	for (; *value != '\0'; value++) {
		if (*value > ' ' && *value != '+' && *value != '=' &&
		    *value != '[')
			line[n++] = *value;
		else
			n += (size_t)snprintf(line + n, ROOM - n, "+%02X",
			    (unsigned char)*value);
		must(n < ROOM - 4);
	}
	line[n] = '\0';
}

static void
write_xforward(const char *verb, const struct lmtp_xforward *xf, char *line)
{
	static const char *const	 names[XF_ATTRS] = {
		"NAME", "ADDR", "PORT", "PROTO", "HELO", "IDENT", "SOURCE",
	};
	int				 i;

	strlcpy(line, verb, ROOM);
	for (i = 0; i < XF_ATTRS; i++) {
		if ((xf->given & 1U << i) == 0)
			continue;
		strlcat(line, " ", ROOM);
		strlcat(line, names[i], ROOM);
		strlcat(line, "=", ROOM);
		if (xf->value[i][0] == '\0')
			strlcat(line, "[UNAVAILABLE]", ROOM);
		else if (i == XF_ADDR && strchr(xf->value[i], ':') != NULL)
			strlcat(line, "IPv6:", ROOM);
		add_xtext(line, xf->value[i]);
	}
}

static void
write_line(const struct lmtp_command *cmd, char *line)
{
	static const char *const	 bare[LMTP_VERBS] = {
		[LMTP_DATA] = "DATA", [LMTP_RSET] = "RSET",
		[LMTP_NOOP] = "NOOP", [LMTP_QUIT] = "QUIT",
		[LMTP_VRFY] = "VRFY x", [LMTP_BAD] = "NONSENSE",
	};

	if (cmd->verb == LMTP_LHLO)
		snprintf(line, ROOM, "LHLO %s", cmd->u.lhlo.name);
	else if (cmd->verb == LMTP_MAIL)
		snprintf(line, ROOM, "MAIL FROM:<%s> SIZE=%llu%s",
		    cmd->u.mail.sender, (unsigned long long)cmd->u.mail.size,
		    cmd->u.mail.utf8 ? " SMTPUTF8" : "");
	else if (cmd->verb == LMTP_XFORWARD)
		write_xforward("XFORWARD", &cmd->u.xforward, line);
	else if (cmd->verb == LMTP_XCLIENT)
		write_xforward("XCLIENT", &cmd->u.xforward, line);
	else if (cmd->verb != LMTP_RCPT)
		strlcpy(line, bare[cmd->verb], ROOM);
	else {
		snprintf(line, ROOM, "RCPT TO:<%s>", cmd->u.rcpt.recipient);
		if (cmd->u.rcpt.original[0] != '\0') {
			strlcat(line, " ORCPT=rfc822;", ROOM);
			add_xtext(line, cmd->u.rcpt.original);
		}
	}
}

static void
must_be_same(const struct lmtp_command *a, const struct lmtp_command *b)
{
	must(a->verb == b->verb);
	if (a->verb == LMTP_MAIL) {
		must(strcmp(a->u.mail.sender, b->u.mail.sender) == 0);
		must(a->u.mail.utf8 == b->u.mail.utf8);
		must(a->u.mail.size == b->u.mail.size ||
		    a->u.mail.size > UINT64_MAX / 20);
	} else if (a->verb == LMTP_LHLO)
		must(memcmp(&a->u, &b->u, sizeof(a->u.lhlo)) == 0);
	else if (a->verb == LMTP_RCPT)
		must(memcmp(&a->u, &b->u, sizeof(a->u.rcpt)) == 0);
	else if (a->verb == LMTP_XFORWARD || a->verb == LMTP_XCLIENT)
		must(memcmp(&a->u, &b->u, sizeof(a->u.xforward)) == 0);
}

/* Just its bytes, so that reading past them is seen. */
static bool
is_valid(const struct lmtp_command *cmd, size_t n)
{
	void	*copy = malloc(n);
	bool	 valid;

	must(copy != NULL);
	memcpy(copy, cmd, n);
	valid = lmtp_command_valid(copy, n);
	free(copy);
	return valid;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lmtp_command	 cmd, again;
	char			 line[ROOM];
	size_t			 n;

	if (size < 4)
		return 0;
	memset(&cmd, 0xa5, sizeof(cmd));
	lmtp_parse((const char *)data + 4, size - 4, &cmd);
	n = lmtp_command_size(cmd.verb);
	must(is_valid(&cmd, n));
	must(cmd.verb != LMTP_BAD ||
	    lmtp_fault_reply(cmd.u.fault)[0] == '5');
	if (data[0] & 1)
		((uint8_t *)&cmd)[(data[1] << 8 | data[2]) % n] = data[3];
	if (!is_valid(&cmd, n))
		return 0;
	write_line(&cmd, line);
	/* XFORWARD's values may be too long for a line all together */
	if (strlen(line) > LMTP_LINE_MAX - 2)
		return 0;
	lmtp_parse(line, strlen(line), &again);
	must_be_same(&cmd, &again);
	return 0;
}
