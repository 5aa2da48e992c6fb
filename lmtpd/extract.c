/*
 * Runs lmtptext.  It is assumed to be taken over by what it reads: whatever it
 * does, it spoils the text of this one message, and its end is judged by the
 * kernel's word.
 */
#include <sys/mman.h>
#include <sys/wait.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "clock.h"
#include "errand.h"
#include "extract.h"
#include "libexec.h"
#include "log.h"

#define CPU_SECONDS	12	/* above what it gives itself */

/* "--text=subject,body" */
static void
write_parts(FILE *f, const struct strings *parts)
{
	size_t i;

	fputs("--text=", f);
	for (i = 0; i < parts->n; i++)
		fprintf(f, "%s%s", i == 0 ? "" : ",", parts->v[i]);
	fputc('\0', f);
}

/* All words behind each other, each with its NUL; n: how many bytes. */
static char *
write_words(const struct text_rules *text, bool confined, size_t *n)
{
	char *words = NULL;
	FILE *f = open_memstream(&words, n);
	size_t i;

	if (f == NULL)
		return NULL;
	fprintf(f, "%s/" LIBEXEC_TEXT "%c", libexec_dir(), '\0');
	write_parts(f, &text->parts);
	fprintf(f, "--max-segments=%u%c", text->max_segments, '\0');
	fprintf(f, "--overflow=%s%c", text->cut ? "cut" : "refuse", '\0');
	if (!confined)
		fprintf(f, "--no-sandbox%c", '\0');
	if (text->cut_at.n == 0)	/* nowhere, and not its default */
		fprintf(f, "--cut-at=%c", '\0');
	for (i = 0; i < text->cut_at.n; i++)
		fprintf(f, "--cut-at=%s%c", text->cut_at.v[i], '\0');
	if (fclose(f) == 0)
		return words;
	free(words);
	return NULL;
}

static char **
make_argv(char *words, size_t n)
{
	char **argv, *end = words + n, *p;
	size_t i = 0;

	for (p = words; p < end; p += strlen(p) + 1)
		i++;
	if ((argv = calloc(i + 1, sizeof(*argv))) == NULL)
		return NULL;
	for (p = words, i = 0; p < end; p += strlen(p) + 1)
		argv[i++] = p;
	return argv;
}

/* It shares the offset of what it reads: did it begin? */
static int
run(struct errand *e, const struct extract *x, const struct text_rules *text,
    int fd, bool *begun)
{
	static char *env[] = { "PATH=" LAUNCH_PATH, "LC_ALL=C.UTF-8", NULL };
	struct launch s = {
		.env = env,
		.fd = { -1, fd, -1 },
		.cpu = CPU_SECONDS
	};
	size_t n = 0;
	char *words = write_words(text, x->confined, &n);
	int rc = -1;

	s.fd[0] = msg_reader(x->msg);
	if (words != NULL && s.fd[0] != -1 &&
	    (s.argv = make_argv(words, n)) != NULL)
		rc = errand_run(e, &s);
	if (rc == -1)
		log_warn("cannot run %s", words != NULL ? words : LIBEXEC_TEXT);
	*begun = rc == 0 && lseek(s.fd[0], 0, SEEK_CUR) > 0;
	if (s.fd[0] != -1)
		close(s.fd[0]);
	free(s.argv);
	free(words);
	return rc;
}

static bool
exited(int status, int code)
{
	return WIFEXITED(status) && WEXITSTATUS(status) == code;
}

/*
 * Whether the machine has what it may take.  If not, that may be what it died
 * of: its libraries end it for lack of memory, whoever has none.
 */
static bool
memory_is_there(const struct errand *e, const struct extract *x)
{
	size_t n = LIBEXEC_TEXT_MEMORY + msg_size(x->msg);
	void *p = mmap(NULL, n, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED) {
		log_warn("%s: no memory for it, %zu bytes", e->who, n);
		return false;
	}
	munmap(p, n);
	return true;
}

/*
 * What the message did to it.  From without come SIGKILL and SIGTERM; and
 * SIGSYS from a library or kernel that is newer than the filter, since what a
 * message can choose is answered by an errno.
 */
static bool
died_of_message(const struct errand *e, const struct extract *x)
{
	int sig = WIFSIGNALED(e->status) ? WTERMSIG(e->status) : 0;

	return sig == SIGXCPU || (sig != 0 && sig != SIGKILL &&
	    sig != SIGTERM && sig != SIGSYS && memory_is_there(e, x));
}

static enum reason
refused(const struct errand *e, struct extracted *t)
{
	return output_status(&e->out, t->code, sizeof(t->code), t->said,
	    sizeof(t->said)) ? REASON_TEXT_REFUSED : REASON_TEXT;
}

static void
log_end(const struct errand *e)
{
	if (e->ended != NULL)
		log_warnx("%s: ended: %s", e->who, e->ended);
	else if (WIFEXITED(e->status))
		log_warnx("%s: exit status %d", e->who, WEXITSTATUS(e->status));
	else
		log_warnx("%s: ended by signal %d", e->who,
		    WTERMSIG(e->status));
}

/* A message it never looked at is not to blame for its end. */
static enum reason
judge(const struct errand *e, const struct extract *x, bool begun,
    struct extracted *t)
{
	if (exited(e->status, EX_OK))
		return REASON_OK;
	if (exited(e->status, EX_DATAERR))
		return refused(e, t);
	log_end(e);
	if (!begun)
		return REASON_INTERNAL;
	if (exited(e->status, EX_SOFTWARE) && memory_is_there(e, x))
		return refused(e, t);
	return died_of_message(e, x) ? REASON_TEXT : REASON_INTERNAL;
}

static enum reason
extract(const struct extract *x, const struct text_rules *text,
    struct extracted *t)
{
	int64_t limit = clock_ms() + EXTRACT_SECONDS * 1000;
	struct errand e = {
		.deadline = limit < x->deadline ? limit : x->deadline,
		.stop_fd = x->stop_fd
	};
	char who[64];
	bool begun;

	if ((t->fd = msg_unnamed(x->state_dir)) == -1) {
		log_warn("no room for a text in %s", x->state_dir);
		return errno == ENOSPC || errno == EDQUOT ?
		    REASON_DISK_FULL : REASON_INTERNAL;
	}
	snprintf(who, sizeof(who), LIBEXEC_TEXT " %s", x->log_id);
	e.who = who;
	return run(&e, x, text, t->fd, &begun) == 0 ?
	    judge(&e, x, begun, t) : REASON_INTERNAL;
}

void
extract_text(const struct extract *x, const struct text_rules *text,
    struct extracted *t)
{
	if (t->tried)
		return;
	t->tried = true;
	t->reason = extract(x, text, t);
	if (t->reason != REASON_OK)
		extract_close(t);
}

enum reason
extract_reason(const struct extracted *t, struct recipient *r)
{
	if (t->reason != REASON_OK) {
		strlcpy(r->enhanced, t->code, sizeof(r->enhanced));
		strlcpy(r->text, t->said, sizeof(r->text));
	}
	return t->reason;
}

void
extract_close(struct extracted *t)
{
	if (t->tried && t->fd != -1)
		close(t->fd);
	t->fd = -1;
}
