/*
 * Fuzz target of received.c.  Input: a field, read as it stands; and, with
 * its first line as a HELO and the rest as a reverse name, what a client can
 * put into the field of each MTA: the address taken must be the client's.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "received.h"

#define CLIENT		"192.0.2.9"
#define PART_MAX	500

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* HELO and reverse name, or these the other way round. */
static const struct {
	const char	*format;
	bool		 name_first;
} fields[] = {
	{ "from %s (%s [" CLIENT "])\tby gw (Postfix) with ESMTP id 1; d", false },
	{ "from %s (%s [" CLIENT "])\t(using TLSv1.3 with cipher X (256/256"
	    " bits))\t(Authenticated sender: a)\tby gw (Postfix); d", false },
	{ "from %s ([" CLIENT "] helo=%s)\tby gw with esmtp (Exim 4.96); d",
	    true },
	{ "from [" CLIENT "] (helo=%s ident=%s)\tby gw with esmtps (TLS1.3)"
	    " tls X\t(Exim 4.96); d", false },
	{ "from %s (%s [" CLIENT "])\tby gw (OpenSMTPD) with ESMTP id 0; d",
	    false },
	{ "from %s (x@%s [" CLIENT "] (may be forged))\tby gw (8.17.1/8.17.1)"
	    " with ESMTP id 1; d", false },
	{ "from %s (%s@m [" CLIENT "])\tby gw (8.17.1/8.17.1); d", false },
	{ "from %s (" CLIENT ") by EX (10.0.0.5) with Microsoft SMTP Server"
	    " (TLS) id 14.3 %.0s; d", false },
	{ "from %s (%s. [" CLIENT "])        by mx.google.com with ESMTPS; d",
	    false },
	{ "from %s ([" CLIENT "])\tby store with LMTP\tid 1%.0s; d", false },
};

static void
must(bool holds)
{
	if (!holds)
		abort();
}

static int
read_copy(const char *s, size_t n, struct received *r)
{
	char	*copy = malloc(n > 0 ? n : 1);
	int	 answer;

	must(copy != NULL);
	memcpy(copy, s, n);
	answer = received_read(copy, n, r);
	free(copy);
	must(answer == 0 || answer == -1);
	if (answer == -1)
		must(!r->local && r->client.family == AF_UNSPEC);
	else
		must(r->local == (r->client.family == AF_UNSPEC));
	return answer;
}

static void
check_client(const char *helo, const char *name)
{
	char		 out[ADDR_IP_MAX], *text = malloc(4 * PART_MAX);
	struct received	 r;
	bool		 first;
	int		 n;

	must(text != NULL);
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		first = fields[i].name_first;
		n = snprintf(text, 4 * PART_MAX, fields[i].format,
		    first ? name : helo, first ? helo : name);
		must(n > 0 && n < 4 * PART_MAX);
		if (read_copy(text, n, &r) == -1)
			continue;
		ip_write(&r.client, out);
		must(strcmp(out, CLIENT) == 0);
	}
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct received	 r;
	char		*helo, *name;

	(void)read_copy((const char *)data, size, &r);
	helo = strndup((const char *)data, size < PART_MAX ? size : PART_MAX);
	must(helo != NULL);
	name = strchrnul(helo, '\n');
	if (*name == '\n')
		*name++ = '\0';
	check_client(helo, name);
	check_client(helo, "m.example.org");
	check_client("h.example.org", name);
	free(helo);
	return 0;
}
