/*
 * Messages in real spools, and what inspect.c reads of their headers, for its
 * tests.
 */
#ifndef INSPECT_SITE_H
#define INSPECT_SITE_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <setjmp.h>
#include <cmocka.h>

#include "inspect.h"

#define NELEM(a)	(sizeof(a) / sizeof((a)[0]))
/* What we put in front is not the client's: it never counts. */
#define FRONT		"Return-Path: <s@x>\nReceived: from us\n" \
			"Message-ID: <front@x>\nFrom: front\n" \
			"Auto-Submitted: auto-replied\n" \
			"Authentication-Results: mx.example.net; dkim=pass " \
			"header.d=example.com; dmarc=pass " \
			"header.from=example.com\n"

static struct msg *
spool(const char *text, size_t n)
{
	struct msg *m = msg_open("/tmp");
	size_t written = 0;
	ssize_t w;
	int fd;

	assert_non_null(m);
	assert_int_equal(msg_prepend(m, FRONT, strlen(FRONT)), 0);
	fd = msg_appender(m);
	assert_int_not_equal(fd, -1);
	for (; written < n; written += (size_t)w) {
		w = write(fd, text + written, n - written);
		assert_in_range(w, 1, n);
	}
	close(fd);
	assert_int_equal(msg_seal(m, n), 0);
	return m;
}

static inline int
inspect(const struct policy *policy, bool trusted, const char *identity,
    const char *text, size_t n, struct header_facts *facts)
{
	struct msg *m = spool(text, n);
	int rc;

	memset(facts, 0xa5, sizeof(*facts));
	rc = inspect_header(policy, m, trusted, identity, facts);
	msg_close(m);
	assert_int_equal(facts->known, rc == 0);
	assert_int_equal(facts->block != NULL, rc == 0);
	header_free(facts->block);
	facts->block = NULL;	/* so that two of them can be compared */
	return rc;
}

#endif
