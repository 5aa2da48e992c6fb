/*
 * Configuration files in a directory of their own, and what conf_load() and
 * lint_policy() say of them, for the tests of both.
 */
#ifndef CONF_SITE_H
#define CONF_SITE_H

#include <sys/stat.h>

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <setjmp.h>
#include <cmocka.h>

#include "conf.h"

#define NELEM(a)	(sizeof(a) / sizeof((a)[0]))

/* Enough for a channel and an account, on four lines. */
#define BACKEND		"backend \"b\" { command = {\"/bin/true\"} }\n"
#define CHANNEL		"channel \"c\" { recipient = \"*@c.example\"  " \
			"backend = \"b\" }\n"
#define NAMES		"channel \"n\" { recipient = \"*@n.example\"  " \
			"backend = \"b\"  number = false }\n"
#define HEAD		BACKEND CHANNEL NAMES

/* All that was reported, a line each; the directory is cut out. */
struct said {
	char	 text[16384];
	int	 errors;
	int	 warnings;
};

static char	 site_dir[] = "/tmp/test_conf.XXXXXX";

static void
said_say(void *arg, enum conf_kind kind, const char *text)
{
	struct said *said = arg;
	const char *in = text, *at;
	size_t dir = strlen(site_dir) + 1;
	FILE *fp = fmemopen(said->text + strlen(said->text),
	    sizeof(said->text) - strlen(said->text), "w");

	assert_non_null(fp);
	if (kind == CONF_ERROR)
		said->errors++;
	else
		said->warnings++;
	for (; (at = strstr(in, site_dir)) != NULL; in = at + dir)
		fwrite(in, 1, (size_t)(at - in), fp);
	fprintf(fp, "%s\n", in);
	fclose(fp);
}

static const char *
site_path(const char *name)
{
	static char path[4096];

	snprintf(path, sizeof(path), "%s/%s", site_dir, name);
	return path;
}

static void
site_write_n(const char *name, const char *text, size_t n, mode_t mode)
{
	FILE *fp;

	unlink(site_path(name));	/* only root writes to a 0440 one */
	assert_non_null(fp = fopen(site_path(name), "w"));
	assert_int_equal(fwrite(text, 1, n, fp), n);
	assert_int_equal(fclose(fp), 0);
	assert_int_equal(chmod(site_path(name), mode), 0);
}

static void
site_write(const char *name, const char *text)
{
	site_write_n(name, text, strlen(text), 0640);
}

static struct policy *
site_load_file(const char *name, struct said *said)
{
	const struct conf_report report = { said_say, said };
	char path[4096];

	memset(said, 0, sizeof(*said));
	snprintf(path, sizeof(path), "%s", site_path(name));
	return conf_load(path, &report);
}

/* Load a text as the file "m". */
static inline struct policy *
site_load(const char *text, struct said *said)
{
	site_write("m", text);
	return site_load_file("m", said);
}

static int
site_begin(void **state)
{
	(void)state;
	unsetenv("LMTPD_STATE_DIR");
	unsetenv("LMTPD_DATADIR");
	unsetenv("LMTPD_TEST_UNSET");
	return mkdtemp(site_dir) == NULL ? -1 : 0;
}

static int
site_end(void **state)
{
	char command[256];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", site_dir);
	return system(command);
}

#endif
