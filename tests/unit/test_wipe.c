/*
 * What of the configuration is a secret, and every copy of a header that was
 * made to look for one, is wiped before its memory is given back.  --wrap=free
 * lets us look at what is freed: by our files, not by libconfuse, which has
 * copies of its own.
 */
#include <malloc.h>

#include "conf_site.h"
#include "delivery.h"
#include "inspect_site.h"
#include "keyword.h"
#include "scrub.h"

#define SECRET		"hZavjjx5JT1Y2ff"
#define LIKE_IT		"Qm7nTz04RvB1"
#define HEADER		"From: =?UTF-8?Q?=68Zavjjx5JT1Y2ff?= " LIKE_IT "7 " \
			"<a@b.c>\nSubject: " SECRET "\n\n"

void	 __real_free(void *);
void	 __wrap_free(void *);

/* Volatile, since free() is known to change nothing. */
static volatile bool	 looking;
static volatile size_t	 bare;		/* freed with a secret in it */
static void *volatile	 compiled;	/* one in no text */

/* Or most of one, the first letter being another way to write it. */
static bool
has_secret(const void *p, size_t n)
{
	return memmem(p, n, &SECRET[1], strlen(SECRET) - 1) != NULL ||
	    memmem(p, n, LIKE_IT, strlen(LIKE_IT)) != NULL;
}

static bool
is_wiped(const char *p, size_t n)
{
	return n == 0 || (p[0] == '\0' && memcmp(p, p + 1, n - 1) == 0);
}

void
__wrap_free(void *p)
{
	size_t n = malloc_usable_size(p);

	if (looking && p != NULL && (has_secret(p, n) ||
	    (p == compiled && !is_wiped(p, n))))
		bare++;
	__real_free(p);
}

static void
look(void)
{
	bare = 0;
	looking = true;
}

static size_t
found(void)
{
	looking = false;
	return bare;
}

static void
the_look_is_not_blind(void **state)
{
	char *volatile copy = strdup(SECRET);

	(void)state;
	look();
	free(copy);
	assert_int_equal(found(), 1);
	compiled = copy = strdup("anything");
	look();
	free(copy);
	assert_int_equal(found(), 1);
}

static struct policy *
load(const char *more)
{
	struct said said;
	char text[4096];
	struct policy *p;

	snprintf(text, sizeof(text), "%s%s"
	    "backend \"s\" { command = {\"/bin/true\"}\n"
	    "environment = {\"KEY=" SECRET "\"} }\n"
	    "account \"a\" {\nforwarding-user = \"u\"\nemail \"a@b.c\" { }\n"
	    "channel \"c\" {\nsecurity-string = '" SECRET ";" LIKE_IT "?'\n"
	    "}\n}\n", HEAD, more);
	look();
	p = site_load(text, &said);
	assert_int_equal(p == NULL, *more != '\0');
	return p;
}

static void
a_policy(void **state)
{
	struct policy *p = load("");

	(void)state;
	assert_string_equal(p->account[0].grant[0].alternative[0].keyword,
	    SECRET);
	compiled = p->account[0].grant[0].alternative[1].like;
	policy_free(p);
	assert_int_equal(found(), 0);
}

static void
a_policy_with_an_error(void **state)
{
	(void)state;
	load("hostname = \"\"\n");
	assert_int_equal(found(), 0);
}

static void
what_a_backend_was_told(void **state)
{
	struct delivery d = { .log_id = "", .id = "", .sender = "",
	    .recipient = "", .original = "", .number = "", .user = "",
	    .account = "", .channel = "", .client = "", .helo = "",
	    .name = "", .queue_id = "", .spf = "", .state_dir = "" };
	struct policy *p = load("");
	char **env = delivery_env(&p->backend[1], &d);

	(void)state;
	assert_non_null(env);
	delivery_free(env);
	assert_int_equal(found(), 0);
	policy_free(p);
}

/* As message.c does it: the log's values, then what a backend gets. */
static void
copies_of_a_header(void **state)
{
	struct policy *p = load("");
	struct recipient r = { .original = strdup(""),
	    .decision.source = &p->account[0].source[0] };
	struct recipient *one[] = { &r };
	struct envelope e = { .recipient = one, .recipients = 1 };
	struct header_facts facts;
	struct msg *m = spool(HEADER, strlen(HEADER));

	(void)state;
	assert_int_equal(inspect_header(p, m, false, "a@b.c", &facts), 0);
	assert_int_equal(scrub_values(p, &facts), 0);
	assert_int_equal(scrub_keywords(&e, m, &facts), 0);
	assert_null(strstr(facts.from, SECRET));
	assert_int_equal(found(), 0);
	inspect_clear(&facts);
	msg_close(m);
	free(r.original);
	policy_free(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_look_is_not_blind),
		cmocka_unit_test(a_policy),
		cmocka_unit_test(a_policy_with_an_error),
		cmocka_unit_test(what_a_backend_was_told),
		cmocka_unit_test(copies_of_a_header),
	};

	return cmocka_run_group_tests(tests, site_begin, site_end);
}
