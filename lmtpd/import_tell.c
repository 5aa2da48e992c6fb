/*
 * Telling the users that an import adds.  Trusts the template's author.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "announce.h"
#include "announce_text.h"
#include "import_tell.h"
#include "log.h"
#include "stop.h"

#define TEMPLATE	"authorised.txt"
#define TEMPLATE_MAX	65536

struct import_tell {
	struct announce	*queue;
	char		 template[TEMPLATE_MAX + 1];
};

/* All of a file.  0, or -1 (errno). */
static int
read_template(struct import_tell *t, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = 0;
	size_t len = 0;

	if (fd == -1)
		return -1;
	/* a pipe gives it in pieces */
	while (len <= TEMPLATE_MAX && (n = read(fd, t->template + len,
	    sizeof(t->template) - len)) > 0)
		len += n;
	close(fd);
	if (n == -1)
		return -1;
	if (len > TEMPLATE_MAX) {
		errno = EFBIG;
		return -1;
	}
	t->template[len] = '\0';
	return 0;
}

static int
load(struct import_tell *t, const char *path)
{
	char safe[1024];
	const char *why;

	log_safe(safe, sizeof(safe), path);
	if (read_template(t, path) == -1)
		fprintf(stderr, "lmtpctl: template %s: %s\n", safe,
		    strerror(errno));
	else if (announce_check(t->template, &why) == -1)
		fprintf(stderr, "lmtpctl: template %s: %s\n", safe, why);
	else
		return 0;
	return -1;
}

struct import_tell *
import_tell_new(const char *template)
{
	const char *dir = getenv("LMTPD_DATADIR");
	struct import_tell *t = calloc(1, sizeof(*t));
	char *path = NULL;

	if (template == NULL && asprintf(&path, "%s/" TEMPLATE,
	    dir != NULL ? dir : LMTPD_DATADIR) == -1)
		path = NULL;
	if (t == NULL || (template == NULL && path == NULL))
		fprintf(stderr, "lmtpctl: out of memory\n");
	else if (load(t, template != NULL ? template : path) == 0) {
		free(path);
		return t;
	}
	free(path);
	free(t);
	return NULL;
}

bool
import_tell_can(const struct policy *policy)
{
	if (policy->mailer.n > 0)
		return true;
	fprintf(stderr, "lmtpctl: --notify needs a mailer in the "
	    "configuration\n");
	return false;
}

int
import_tell_begin(struct import_tell *t, const char *state_dir,
    const char *table)
{
	t->queue = announce_begin(state_dir, table);
	return t->queue != NULL ? 0 : -1;
}

int
import_tell_add(struct import_tell *t, const char *address, const char *user)
{
	return announce_add(t->queue, address, user);
}

int
import_tell_commit(struct import_tell *t)
{
	struct announce *queue = t->queue;

	t->queue = NULL;
	return announce_commit(queue);
}

static void
show(void *arg, long done, long all)
{
	progress_show(arg, "telling", done, all);
}

int
import_tell_run(struct import_tell *t, const struct policy *policy,
    const char *table, struct progress *progress)
{
	sigset_t was;
	int stop = stop_open(&was), rc;
	long left;

	progress_begin(progress);
	rc = announce_run(policy, table, t->template, stop, show, progress);
	progress_end(progress);
	left = announce_left(policy->state_dir, table);
	if (rc == -1 && left > 0)
		fprintf(stderr, "lmtpctl: %ld still to be told: the same "
		    "import with --notify goes on with them\n", left);
	/* one that came has had its effect */
	stop_close(stop, &was);
	return rc;
}

void
import_tell_free(struct import_tell *t)
{
	if (t == NULL)
		return;
	announce_abort(t->queue);
	free(t);
}
