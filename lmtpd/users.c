/*
 * The users tables of a policy.  Trusts lmtpd's user and root, who alone may
 * write them; not that a table is whole.
 */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "log.h"
#include "users.h"

static void
say_trouble(const char *name)
{
	if (errno == ENOENT)
		log_warnx("users \"%s\": there is no such table: make it with "
		    "lmtpctl import %s FILE.csv", name, name);
	else if (errno == EBADMSG)
		log_warnx("users \"%s\": the table is damaged: make it anew "
		    "with lmtpctl import --replace %s FILE.csv", name, name);
	else if (errno == EPERM)
		log_warnx("users \"%s\": others than lmtpd's user may change "
		    "the table: lmtpctl check says where", name);
	else
		log_warn("users \"%s\"", name);
}

/* 1 yes, 0 no, -1 could not tell. */
static int
look_up(struct users *u, const struct policy *policy, const char *name)
{
	struct table *table = table_open(policy->state_dir, name);
	int rc = -1;

	if (table != NULL)
		rc = table_find(table, u->identity, u->user);
	if (rc == -1)
		say_trouble(name);
	table_close(table);
	return rc;
}

static int
look_up_account(struct users *u, const struct policy *policy,
    const struct account *a)
{
	size_t i;
	int rc = 0;

	for (i = 0; i < a->sources && rc == 0; i++) {
		if (a->source[i].kind != SOURCE_USERS)
			continue;
		rc = look_up(u, policy, a->source[i].name);
		u->source = &a->source[i];
	}
	return rc;
}

void
users_find(struct users *u, const struct policy *policy, const char *identity)
{
	char *p;
	size_t i;

	if (u->known)
		return;
	u->known = true;
	strlcpy(u->identity, identity, sizeof(u->identity));
	for (p = u->identity; *p != '\0'; p++)
		*p = tolower((unsigned char)*p);
	u->found = 0;
	for (i = 0; i < policy->accounts && u->found == 0; i++)
		u->found = look_up_account(u, policy, &policy->account[i]);
	if (u->found == 0)
		u->source = NULL;
}

void
users_forget(struct users *u)
{
	u->known = false;
}
