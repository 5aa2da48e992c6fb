/*
 * lmtpctl import: a CSV file into a users table.  Trusts the file with nothing
 * but its rows.  0: applied, or nothing to do, or --dry-run without a problem;
 * 1: problems, or not applied: nothing is changed; 2: it could not be done.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "csvfile.h"
#include "ctl.h"
#include "ctl_load.h"
#include "editor.h"
#include "import_show.h"
#include "import_tell.h"
#include "log.h"
#include "progress.h"

#define NOT_APPLIED	1
#define UNDONE		2

struct job {
	struct import_names	 names;
	bool			 dry_run;
	bool			 yes;
	bool			 notify;
	bool			 json;
	const char		*template;	/* a path; NULL: ours */
	struct import_tell	*tell;		/* NULL: without notify */
	struct policy		*policy;
	struct import		*import;
	struct progress		 progress;
	FILE			*answers;	/* NULL: not on a terminal */
	int			 fd;		/* of the CSV */
};

enum answer {
	APPLY,
	EDIT,
	QUIT
};

static int
usage(void)
{
	fprintf(stderr, "usage: lmtpctl [-f conf] import [--dry-run | --yes] "
	    "[--merge | --replace] [--json]\n           [--notify "
	    "[--template FILE]] TABLE FILE.csv\n");
	return EX_USAGE;
}

static int
complain(const char *what)
{
	char safe[1024];

	fprintf(stderr, "lmtpctl: %s: %s\n",
	    log_safe(safe, sizeof(safe), what), strerror(errno));
	return UNDONE;
}

static int
complain_table(const struct job *job)
{
	const char *name = job->names.table;

	if (errno == EBADMSG)
		fprintf(stderr, "lmtpctl: table %s is damaged: nothing can be "
		    "merged with it, --replace makes it anew\n", name);
	else if (errno == EPERM)
		fprintf(stderr, "lmtpctl: others than lmtpd's user may change "
		    "table %s, or its directory: nothing can be merged with "
		    "it, chmod go-w the directory, and --replace makes it "
		    "anew\n", name);
	else if (errno == ESTALE)
		fprintf(stderr, "lmtpctl: the file was changed while it was "
		    "read\n");
	else
		ctl_complain_table(name);
	return UNDONE;
}

static void
show_progress(void *arg, const char *what, long long done, long long all)
{
	progress_show(arg, what, done, all);
}

/* --- on a terminal */

/* Where answers come from: standard input may be the CSV. */
static FILE *
open_answers(const char *file)
{
	int fd;

	if (isatty(STDOUT_FILENO) != 1)
		return NULL;
	if (strcmp(file, "-") == 0)
		fd = open("/dev/tty", O_RDWR | O_CLOEXEC);
	else
		fd = isatty(STDIN_FILENO) == 1 ?
		    fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3) : -1;
	return fd != -1 ? fdopen(fd, "r") : NULL;
}

/* A line that is the word, or its first letter: "abort" is none of ours. */
static bool
is_word(const char *line, const char *word)
{
	size_t n = strcspn(line, "\n");

	return (n == 1 || n == strlen(word)) && strncmp(line, word, n) == 0;
}

static enum answer
ask(struct job *job, bool sound)
{
	char line[64];

	for (;;) {
		printf("%s[e]dit, [q]uit? ", sound ? "[a]pply, " : "");
		fflush(stdout);
		if (fgets(line, sizeof(line), job->answers) == NULL) {
			printf("\n");
			return QUIT;
		}
		if (sound && is_word(line, "apply"))
			return APPLY;
		if (is_word(line, "edit"))
			return EDIT;
		if (is_word(line, "quit"))
			return QUIT;
	}
}

/* What the editor made of it is the file from now on; where it failed, the
 * file is what it was. */
static void
edit(struct job *job)
{
	int fd = editor_edit(job->fd, job->names.table,
	    fileno(job->answers));

	if (fd == -1)
		return;
	close(job->fd);
	job->fd = fd;
}

/* --- the work */

static int
queue_one(void *arg, const char *address, const char *user)
{
	return import_tell_add(arg, address, user);
}

/* The queue of those to be told is on disk before the table is. */
static int
commit(struct job *job)
{
	int rc = 0;

	if (job->tell != NULL)
		rc = import_tell_begin(job->tell, job->policy->state_dir,
		    job->names.table);
	if (rc == 0 && job->tell != NULL)
		rc = import_added(job->import, queue_one, job->tell);
	if (rc == 0 && job->tell != NULL)
		rc = import_tell_commit(job->tell);
	if (rc != 0)
		return complain("the queue of those to be told");
	rc = import_commit(job->import);
	progress_end(&job->progress);
	return rc == 0 ? 0 : complain_table(job);
}

static int
apply(struct job *job)
{
	const struct import_preview *preview = import_preview(job->import);
	int rc;

	if (job->tell != NULL && preview->mends) {
		fprintf(stderr, "lmtpctl: the table that is there is damaged: "
		    "who is new cannot be told, import without --notify\n");
		return NOT_APPLIED;
	}
	if ((rc = commit(job)) != 0)
		return rc;
	if (job->json)
		import_show_json(stdout, &job->names, preview, true);
	else
		import_show_done(stdout, &job->names, preview);
	fflush(stdout);
	if (job->tell == NULL)
		return 0;
	rc = import_tell_run(job->tell, job->policy, job->names.table,
	    &job->progress);
	return rc == 0 ? 0 : UNDONE;
}

static void
show(const struct job *job)
{
	const struct import_preview *preview = import_preview(job->import);
	bool sound = preview->problems.n == 0;

	if (job->json && (job->dry_run || !sound))
		import_show_json(stdout, &job->names, preview, false);
	else if (!sound)
		import_show_problems(stderr, &job->names, preview);
	else if (!job->yes)
		import_show_preview(stdout, &job->names, preview);
	fflush(stdout);
}

static int
refuse(bool sound)
{
	if (sound)
		fprintf(stderr, "lmtpctl: not applied: this is no terminal to "
		    "ask on, --yes applies it without asking\n");
	return NOT_APPLIED;
}

/* Look, ask, edit, look again. */
static int
review(struct job *job)
{
	bool sound;
	int rc;

	for (;;) {
		rc = import_read(job->import, job->fd);
		progress_end(&job->progress);
		if (rc == -1)
			return complain_table(job);
		sound = rc == 0;
		show(job);
		if (job->dry_run || (job->yes && !sound))
			return sound ? 0 : NOT_APPLIED;
		if (job->yes || (sound && !import_changes(job->import)))
			return apply(job);
		if (job->answers == NULL)
			return refuse(sound);
		switch (ask(job, sound)) {
		case APPLY:
			return apply(job);
		case EDIT:
			edit(job);
			break;
		case QUIT:
			printf("nothing is changed\n");
			return NOT_APPLIED;
		}
	}
}

static int
import(struct job *job)
{
	const struct import_progress progress = { show_progress,
	    &job->progress };
	int rc;

	job->fd = csvfile_settle(job->fd, job->policy->state_dir);
	if (job->fd == -1)
		return complain(job->names.file);
	progress_begin(&job->progress);
	job->import = import_begin(job->policy->state_dir, job->names.table,
	    job->names.mode, &progress);
	rc = job->import != NULL ? review(job) : complain_table(job);
	import_free(job->import);
	return rc;
}

/* --- the command line */

static int
read_option(struct job *job, int c)
{
	switch (c) {
	case 'd':
		job->dry_run = true;
		return 0;
	case 'y':
		job->yes = true;
		return 0;
	case 'm':
		job->names.mode = IMPORT_MERGE;
		return 0;
	case 'r':
		job->names.mode = IMPORT_REPLACE;
		return 0;
	case 'n':
		job->notify = true;
		return 0;
	case 'j':
		job->json = true;
		return 0;
	case 't':
		job->template = optarg;
		return 0;
	default:
		return -1;
	}
}

static int
read_options(int argc, char **argv, struct job *job)
{
	static const struct option options[] = {
		{ "dry-run", no_argument, NULL, 'd' },
		{ "yes", no_argument, NULL, 'y' },
		{ "merge", no_argument, NULL, 'm' },
		{ "replace", no_argument, NULL, 'r' },
		{ "notify", no_argument, NULL, 'n' },
		{ "json", no_argument, NULL, 'j' },
		{ "template", required_argument, NULL, 't' },
		{ 0 }
	};
	bool given[UINT8_MAX + 1] = { false };
	int c;

	optind = 0;	/* getopt(3) begins anew */
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (read_option(job, c) == -1)
			return -1;
		given[c] = true;
	}
	if (argc - optind != 2 || (given['d'] && given['y']) ||
	    (given['m'] && given['r']) || (given['t'] && !given['n']) ||
	    (given['j'] && !given['d'] && !given['y']))
		return -1;
	job->names.table = argv[optind];
	job->names.file = argv[optind + 1];
	return 0;
}

/* As whoever started it, who may be root. */
static int
open_files(struct job *job)
{
	job->fd = strcmp(job->names.file, "-") == 0 ?
	    fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3) :
	    open(job->names.file, O_RDONLY | O_NOCTTY | O_CLOEXEC);
	if (job->fd == -1) {
		complain(job->names.file);
		return -1;
	}
	if (job->notify && !job->dry_run &&
	    (job->tell = import_tell_new(job->template)) == NULL)
		return -1;
	job->answers = job->yes || job->dry_run ? NULL :
	    open_answers(job->names.file);
	return 0;
}

int
ctl_import(const struct ctl *ctl, int argc, char **argv)
{
	struct job job = { .names.mode = IMPORT_MERGE, .fd = -1 };
	int rc = UNDONE;

	if (read_options(argc, argv, &job) == -1)
		return usage();
	log_open("lmtpctl", STDERR_FILENO);
	if (open_files(&job) == 0 &&
	    (job.policy = ctl_policy_as_owner(ctl)) != NULL &&
	    (job.tell == NULL || import_tell_can(job.policy)))
		rc = import(&job);
	if (job.answers != NULL)
		fclose(job.answers);
	if (job.fd != -1)
		close(job.fd);
	import_tell_free(job.tell);
	policy_free(job.policy);
	return rc;
}
