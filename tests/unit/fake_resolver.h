/*
 * Stand-ins for lmtpd-resolver: this very program, when it is executed by that
 * name from a directory that says what it does.  One of them tells what it was
 * given; all others do wrong.
 */
#ifndef FAKE_RESOLVER_H
#define FAKE_RESOLVER_H

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "resolver.h"

#define FAKE_CHANNEL	3
#define FAKE_SLOW_MS	600
#define FAKE_CPU	6	/* a timeout of 1 s, and 5 */

extern char **environ;

static bool
fake_hear(struct spf_question *q)
{
	return recv(FAKE_CHANNEL, q, sizeof(*q), 0) == sizeof(*q);
}

static void
fake_say(const void *data, size_t len)
{
	if (send(FAKE_CHANNEL, data, len, 0) == -1)
		_exit(99);
}

static void
fake_note(const char *dir, const char *name, long number)
{
	char path[512];
	FILE *fp;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	if ((fp = fopen(path, "w")) == NULL ||
	    fprintf(fp, "%ld\n", number) < 0 || fclose(fp) != 0)
		_exit(98);
}

static bool
fake_has(const char *dir, const char *name)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return access(path, F_OK) == 0;
}

static void
fake_good(const struct spf_question *q)
{
	static uint32_t count;
	struct spf_answer a = {
		.result = SPF_PASS, .lookups = q->timeout, .voids = ++count
	};

	if (q->op == SPF_TOKEN) {
		a.records = 2;
		a.ttl = 300;
	}
	fake_say(&a, sizeof(a));
}

static bool
fake_unlimited(int resource, rlim_t want)
{
	struct rlimit limit;

	return getrlimit(resource, &limit) == -1 || limit.rlim_cur != want ||
	    limit.rlim_max != want;
}

/* What it was given and should not have been, as a bit for each. */
static uint32_t
fake_excess(void)
{
	uint32_t found = 0;
	sigset_t set;
	struct sigaction sa;
	int fd, sig;

	for (fd = FAKE_CHANNEL + 1; fd < 1024; fd++)
		if (fcntl(fd, F_GETFD) != -1)
			found |= 1;
	if (environ[0] != NULL)
		found |= 2;
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		found |= 4;
	if (prctl(PR_GET_PDEATHSIG, &sig) == -1 || sig != SIGKILL)
		found |= 8;
	if (fake_unlimited(RLIMIT_CPU, FAKE_CPU))
		found |= 16;
	sigprocmask(SIG_SETMASK, NULL, &set);
	for (sig = 1; sig < 32; sig++)
		if (sigismember(&set, sig) == 1)
			found |= 32;
	if (sigaction(SIGPIPE, NULL, &sa) == -1 || sa.sa_handler != SIG_DFL)
		found |= 64;
	return found;
}

/* Whether anything lies where no honest question has a byte. */
static bool
fake_sees_dirt(const struct spf_question *q)
{
	struct spf_question clean;

	memset(&clean, 0, sizeof(clean));
	clean.op = q->op;
	clean.timeout = q->timeout;
	clean.client.family = q->client.family;
	memcpy(clean.client.byte, q->client.byte,
	    q->client.family == AF_INET ? 4 : 16);
	strcpy(clean.helo, q->helo);
	strcpy(clean.sender, q->sender);
	strcpy(clean.domain, q->domain);
	strcpy(clean.token, q->token);
	return memcmp(&clean, q, sizeof(clean)) != 0;
}

static void
fake_tells(uint32_t what)
{
	struct spf_answer a = {
		.result = what == 0 ? SPF_PASS : SPF_FAIL
	};

	if (what != 0)
		fprintf(stderr, "# found: %#x\n", what);
	fake_say(&a, sizeof(a));
}

/* An answer that only differs from a good one as its name says. */
static bool
fake_wrong_answer(const char *as)
{
	struct spf_answer a[2] = {
		{ .result = SPF_PASS, .lookups = 1 },
		{ .result = SPF_PASS, .lookups = 1 }
	};

	if (strcmp(as, "short") == 0)
		fake_say(a, sizeof(a[0]) - 1);
	else if (strcmp(as, "long") == 0)
		fake_say(a, sizeof(a[0]) + 1);
	else if (strcmp(as, "double") == 0)
		fake_say(a, sizeof(a));
	else if (strcmp(as, "empty") == 0)
		fake_say(a, 0);
	else if (strcmp(as, "nonsense") == 0) {
		a[0].result = SPF_RESULTS;
		fake_say(a, sizeof(a[0]));
	} else if (strcmp(as, "counts") == 0) {
		a[0].lookups = 1000;
		fake_say(a, sizeof(a[0]));
	} else if (strcmp(as, "records") == 0) {
		a[0].records = 1;
		fake_say(a, sizeof(a[0]));
	} else if (strcmp(as, "ttl") == 0) {
		a[0].ttl = 1;
		fake_say(a, sizeof(a[0]));
	} else
		return false;
	return true;
}

static void
fake_wrong_deed(const char *as, const char *dir, const struct spf_question *q)
{
	if (strcmp(as, "crash") == 0)
		raise(SIGSEGV);
	else if (strcmp(as, "half") == 0) {
		fake_say("\2\0\0\0", 4);
		_exit(0);
	} else if (strcmp(as, "quits") == 0)
		_exit(5);
	else if (strcmp(as, "closes") == 0) {
		close(FAKE_CHANNEL);
		pause();
	} else if (strcmp(as, "hang") == 0) {
		signal(SIGTERM, SIG_IGN);
		for (;;)
			pause();
	} else if (strcmp(as, "twice") == 0) {
		fake_good(q);
		fake_good(q);
	} else if (strcmp(as, "tired") == 0) {
		fake_good(q);
		_exit(0);
	} else if (strcmp(as, "once") == 0) {
		if (fake_has(dir, "crashed"))
			fake_good(q);
		fake_note(dir, "crashed", 1);
		raise(SIGABRT);
	}
	_exit(97);
}

static void
fake_answer(const char *as, const char *dir, const struct spf_question *q,
    int argc, char **argv)
{
	if (strcmp(as, "good") == 0 || strcmp(as, "unasked") == 0)
		fake_good(q);
	else if (strcmp(as, "slow") == 0) {
		usleep(FAKE_SLOW_MS * 1000);
		fake_good(q);
	} else if (strcmp(as, "excess") == 0)
		fake_tells(fake_excess());
	else if (strcmp(as, "dirt") == 0)
		fake_tells(fake_sees_dirt(q));
	else if (strcmp(as, "flag") == 0)
		fake_tells(argc != 2 || strcmp(argv[1], "--no-sandbox") != 0);
	else if (strcmp(as, "no-flag") == 0)
		fake_tells(argc != 1);
	else if (!fake_wrong_answer(as))
		fake_wrong_deed(as, dir, q);
}

/* Does not return where this program was started as lmtpd-resolver. */
static void
fake_resolver(int argc, char **argv)
{
	char *slash = strrchr(argv[0], '/');
	struct rlimit core = { 0, 0 };
	struct spf_question q;
	const char *dir, *as;

	if (slash == NULL || strcmp(slash, "/lmtpd-resolver") != 0)
		return;
	*slash = '\0';
	dir = argv[0];
	as = strrchr(dir, '/') + 1;
	setrlimit(RLIMIT_CORE, &core);
	fake_note(dir, "pid", getpid());
	if (strcmp(as, "early") == 0)
		_exit(3);
	if (strcmp(as, "unconfined") == 0)
		_exit(RESOLVER_UNCONFINED);
	memset(&q, 0, sizeof(q));
	if (strcmp(as, "unasked") == 0)
		fake_good(&q);
	while (fake_hear(&q)) {
		fake_answer(as, dir, &q, argc, argv);
		fake_note(dir, "said", 1);
	}
	_exit(0);
}

#endif
