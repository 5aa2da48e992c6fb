/*
 * lmtpctl export: a users table as the CSV that import takes.  0; 2: it could
 * not be told.
 */
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "csvfile.h"
#include "ctl.h"
#include "ctl_load.h"
#include "log.h"
#include "table.h"

#define UNTOLD	2

static int
usage(void)
{
	fprintf(stderr, "usage: lmtpctl [-f conf] export [--json] TABLE\n");
	return EX_USAGE;
}

static int
complain(const char *name)
{
	char safe[1024];

	log_safe(safe, sizeof(safe), name);	/* errno stays */
	if (errno == ENOENT)
		fprintf(stderr, "lmtpctl: there is no table %s\n", safe);
	else if (errno == EBADMSG)
		fprintf(stderr, "lmtpctl: table %s is damaged: make it anew "
		    "with lmtpctl import --replace %s FILE.csv\n", safe, safe);
	else
		ctl_complain_table(name);
	return UNTOLD;
}

/* One object a line, so that memory does not grow with the rows. */
static int
write_json(const char *address, const char *user, bool first)
{
	json_t *o = json_pack("{s:s, s:s}", "address", address, "user", user);
	int rc = -1;

	if (o != NULL && fputs(first ? "" : ",\n", stdout) != EOF)
		rc = json_dumpf(o, stdout, JSON_ENSURE_ASCII);
	json_decref(o);
	return rc;
}

static int
write_rows(const struct table *table, bool json)
{
	char address[ADDR_MAX], user[TABLE_USER_MAX];
	unsigned int at = 0;
	bool first = true;
	int rc;

	puts(json ? "[" : "Email,Username");
	while ((rc = table_next(table, &at, address, user)) == 1) {
		if ((json ? write_json(address, user, first) :
		    csvfile_write(stdout, address, user)) == -1)
			return -1;
		first = false;
	}
	if (json)
		puts(first ? "]" : "\n]");
	return rc == 0 && fflush(stdout) == 0 ? 0 : -1;
}

static int
export(const struct policy *policy, const char *name, bool json)
{
	struct table *table = table_open(policy->state_dir, name);
	int rc;

	if (table == NULL)
		return complain(name);
	table_spare(table);
	rc = write_rows(table, json) == 0 ? 0 : complain(name);
	table_close(table);
	return rc;
}

int
ctl_export(const struct ctl *ctl, int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ 0 }
	};
	struct policy *policy;
	bool json = false;
	int c, rc;

	optind = 0;	/* getopt(3) begins anew */
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c != 'j')
			return usage();
		json = true;
	}
	if (argc - optind != 1)
		return usage();
	if ((policy = ctl_policy_as_owner(ctl)) == NULL)
		return UNTOLD;
	rc = export(policy, argv[optind], json);
	policy_free(policy);
	return rc;
}
